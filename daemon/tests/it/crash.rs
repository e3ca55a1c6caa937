//! Crashes and shutdowns: what was answered is there, what was begun goes on.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};

use crate::harness::{SellerClient, SseReader, TestDaemon, catalogue, poll, product, span};

/// The rows of an export, in an order of their own: ids may differ between two runs.
async fn exported(seller: &SellerClient) -> BTreeSet<String> {
    let export = seller.get("/api/products/export").await;
    assert_eq!(export.status, 200);
    let rows: Vec<_> = export.body.lines().map(str::to_owned).collect();
    let unique: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(unique.len(), rows.len(), "no product twice");
    unique
}

/// Imports `rows` rows while the daemon is killed `kills` times, at even distances.
async fn survives(rows: u32, kills: u32) {
    let mut daemon = TestDaemon::start().await;
    let csv = catalogue(rows, 100) + "BAD-1,,1,1,C\n";
    let id = daemon.seller("shop-1").upload(csv.clone()).await;
    let path = format!("/api/imports/{id}");
    for kill in 1..=kills {
        let seller = daemon.seller("shop-1");
        let enough = u64::from(rows) * u64::from(kill) / u64::from(kills + 1);
        poll("the import comes along", async || {
            (seller.get(&path).await.json()["rows"].as_u64()? >= enough).then_some(())
        })
        .await;
        daemon = daemon.restart().await;
    }
    let seller = daemon.seller("shop-1");
    let job = seller.import_ended(&id).await;
    let outcome =
        ["status", "rows", "created", "updated", "rejected"].map(|name| job[name].clone());
    let wanted = [
        json!("completed"),
        json!(rows + 1),
        json!(rows),
        json!(0),
        json!(1),
    ];
    assert_eq!(outcome, wanted);
    assert_eq!(
        job["errors"].as_array().unwrap().len(),
        1,
        "every rejected row exactly once"
    );

    daemon.wait_counted().await;
    let last = seller.events().await.last().map(span).unwrap();
    assert_eq!(
        last.1,
        i64::from(rows) + 1,
        "one event per product and the end, without a hole"
    );
    let calm = TestDaemon::start().await;
    calm.seller("shop-1").import(csv).await;
    assert_eq!(
        exported(&seller).await,
        exported(&calm.seller("shop-1")).await
    );
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    calm.wait_counted().await;
    let undisturbed = calm
        .seller("shop-1")
        .get("/api/analytics/summary")
        .await
        .expect(200);
    for name in [
        "totalProducts",
        "activeProducts",
        "totalValue",
        "lowStockCount",
    ] {
        assert_eq!(summary[name], undisturbed[name], "{name}");
    }
}

/// Red when: the relay deletes outbox rows before the broker has their messages (a hole).
#[tokio::test]
async fn an_import_survives_kills() {
    survives(20_000, 3).await;
}

#[tokio::test]
async fn long_an_import_survives_many_kills() {
    if std::env::var_os("PM_LONG").is_some() {
        survives(200_000, 10).await;
    }
}

/// Red when: the writer answers before it commits.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_kill() {
    let mut daemon = TestDaemon::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (seller, stop) = (daemon.seller("shop-1"), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answered: Vec<Value> = Vec::new();
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let body = product(&format!("Thing {writer}-{number}"));
                    let request = seller
                        .request(reqwest::Method::POST, "/api/products")
                        .json(&body);
                    // From here on the outcome is unknown unless the answer arrives.
                    let Ok(response) = request.send().await else {
                        break;
                    };
                    let Ok(made) = response.json::<Value>().await else {
                        break;
                    };
                    answered.push(made);
                }
                answered
            })
        })
        .collect();
    poll("there is something to lose", async || {
        (daemon.seller("shop-1").products().await.len() > 100).then_some(())
    })
    .await;
    daemon.kill();
    stop.store(true, Ordering::Relaxed);
    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let mut answered = Vec::new();
    for writer in writers {
        answered.extend(writer.await.unwrap());
    }
    let kept = seller.products().await;
    let by_id = |id: &Value| kept.iter().find(|product| product["id"] == *id);
    for made in &answered {
        assert_eq!(by_id(&made["id"]), Some(made));
    }
    assert!(
        kept.len() <= answered.len() + 8,
        "at most one unknown outcome per writer"
    );
    daemon.wait_published().await;
    let events = seller.events().await;
    assert_eq!(
        events.len(),
        kept.len(),
        "one event per product, also of unanswered ones"
    );
}

/// Red when: streams do not end on the shutdown (the connection is reset).
#[tokio::test]
async fn a_stop_finishes_what_it_must_and_goes_on_later() {
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut frames = SseReader::open(&seller, None).await;
    let id = seller.upload(catalogue(60_000, 100)).await;
    let path = format!("/api/imports/{id}");
    poll("the import runs", async || {
        (seller.get(&path).await.json()["rows"].as_u64()? > 0).then_some(())
    })
    .await;
    daemon.ask_to_stop();
    // A reset would fail inside; `None` is a body that ended as it should.
    while frames.next().await.is_some() {}
    let status = daemon.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(daemon.log().contains("stopped"));

    let daemon = daemon.restart().await;
    let seller = daemon.seller("shop-1");
    let job = seller.import_ended(&id).await;
    assert_eq!(
        (&job["status"], &job["created"]),
        (&json!("completed"), &json!(60_000))
    );
    daemon.wait_published().await;
    assert_eq!(seller.events().await.last().map(span).unwrap().1, 60_001);
}

/// An upload that is cut, or altered, while no daemon runs.
///
/// Red when: what is left of the file is imported and called completed.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_upload_fails_its_import() {
    let alterations: [fn(&mut Vec<u8>); 2] = [
        |file| file.truncate(file.len() / 4 * 3),
        |file| {
            let last = file.len() - 3;
            file[last] ^= 1;
        },
    ];
    for alter in alterations {
        let mut daemon = TestDaemon::embedded(&[]).await;
        let id = daemon.seller("shop-1").upload(catalogue(40_000, 100)).await;
        daemon.kill();
        let path = daemon.data_dir().join("archive/spool").join(&id);
        let mut file = std::fs::read(&path).unwrap();
        alter(&mut file);
        std::fs::write(&path, file).unwrap();
        let daemon = daemon.restart().await;
        let job = daemon.seller("shop-1").import_ended(&id).await;
        assert_eq!(job["status"], "failed", "{job}");
        assert!(job["error"].as_str().unwrap().contains("damaged"), "{job}");
    }
}
