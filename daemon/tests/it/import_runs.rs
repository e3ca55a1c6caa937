//! How an import runs: without changing anything, or only as long as few rows are rejected.

use serde_json::{Value, json};

use crate::harness::{
    SellerClient, TestDaemon, catalogue, counts, import_as, kinds, poll, repeated,
};

/// What both a dry run and the real one say of a file.
fn report(job: &Value) -> Value {
    let names = [
        "rows",
        "skips",
        "warned",
        "without_key",
        "warnings",
        "errors",
    ];
    let mut report: Value = names
        .map(|name| (name.to_owned(), job[name].clone()))
        .into_iter()
        .collect();
    report["counts"] = json!(counts(job));
    report
}

async fn rejects(seller: &SellerClient, job: &Value) -> String {
    let id = job["id"].as_str().unwrap();
    let file = seller.get(&format!("/api/imports/{id}/rejects")).await;
    assert_eq!(file.status, 200);
    file.body
}

/// Red when: a dry run counts otherwise than the real run (a later batch does not meet the rows of an
/// earlier one), changes something, or has no sample of its changes.
#[tokio::test]
async fn a_dry_run_says_what_the_real_run_does() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let known = "sku,name,price,quantity,category,Colour\nSKU-000003,Old,1,7,Shelf 3,red\n";
    import_as(&seller, "", known).await;
    daemon.wait_published().await;
    let events = seller.events().await;
    let products = seller.products().await;
    let csv = repeated(5_000) + ",Bare,1,1,C\nBAD-1,,1,1,C\nNEW-1,Jar,1,-1,C\nNEW-1,Jar,2,1,C\n";
    for mode in ["create", "skip", "update", "upsert"] {
        let dry = import_as(&seller, &format!("?mode={mode}&dry_run=true"), &csv).await;
        assert_eq!(
            (&dry["status"], &dry["dry_run"]),
            (&json!("completed"), &json!(true))
        );
        assert_eq!(seller.products().await, products, "{mode}");
        let real = daemon.seller(&format!("shop-{mode}"));
        import_as(&real, "", known).await;
        let done = import_as(&real, &format!("?mode={mode}"), &csv).await;
        assert_eq!(report(&dry), report(&done), "{mode}");
        assert_eq!(rejects(&seller, &dry).await, rejects(&real, &done).await);
        assert_eq!(
            (&done["dry_run"], done.get("changes")),
            (&json!(false), None)
        );
        let changes = dry["changes"].as_array().unwrap();
        let sample = dry["updated"].as_u64().unwrap().min(20);
        assert_eq!(changes.len() as u64, sample, "{mode}");
    }
    daemon.wait_published().await;
    assert_eq!(seller.events().await, events);
    let listed = seller.get("/api/imports").await.expect(200)["data"][0].clone();
    assert_eq!(
        (&listed["dry_run"], listed.get("changes")),
        (&json!(true), None)
    );
}

/// Red when: a field's value before or after is another one, or a dry run makes its file one that was
/// imported before.
#[tokio::test]
async fn a_dry_run_shows_changes_and_is_no_import() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    import_as(
        &seller,
        "",
        "sku,name,price,quantity,Colour\nA,Mug,1.50,7,red\n",
    )
    .await;
    let product = seller.products().await[0]["id"].clone();
    let csv = "sku,name,price,quantity,Colour\nA,Mug,2.25,7,blue\n,Bare,1,1,\n";
    let query = "?on_repeat=refuse&dry_run=true";
    for _ in 0..2 {
        let job = import_as(&seller, query, csv).await;
        assert_eq!(counts(&job), [1, 1, 0, 0, 0]);
        let fields = json!([
            {"field": "price", "before": 1.5, "after": 2.25},
            {"field": "attributes.Colour", "before": "red", "after": "blue"},
        ]);
        let change =
            json!({"line": 2, "product_id": product, "sku": "A", "name": "Mug", "fields": fields});
        assert_eq!(job["changes"], json!([change]));
    }
    let real = import_as(&seller, "?on_repeat=refuse", csv).await;
    assert_eq!(counts(&real), [1, 1, 0, 0, 0]);
    let path = format!("/api/products/import{query}");
    let refused = seller.post_text(&path, "text/csv", csv).await;
    refused.refused(409, "ALREADY_IMPORTED");
}

/// Red when: a dry run that was killed counts rows twice or forgets what its rows made.
#[tokio::test]
async fn a_dry_run_survives_kills() {
    let mut daemon = TestDaemon::start().await;
    let path = "/api/products/import?dry_run=true";
    let accepted = daemon
        .seller("shop-1")
        .post_text(path, "text/csv", repeated(12_000))
        .await
        .expect(202);
    let id = accepted["import_id"].as_str().unwrap().to_owned();
    for enough in [4_000, 16_000] {
        let seller = daemon.seller("shop-1");
        poll("the dry run comes along", async || {
            let job = seller.get(&format!("/api/imports/{id}")).await.json();
            (job["rows"].as_u64()? >= enough).then_some(())
        })
        .await;
        daemon = daemon.restart().await;
    }
    let seller = daemon.seller("shop-1");
    let job = seller.import_ended(&id).await;
    assert_eq!(counts(&job), [12_000, 12_000, 0, 0, 0], "{job}");
    assert!(seller.products().await.is_empty());
}

/// Red when: an import goes on after more rows than it may reject, or stops before; what stays is not
/// said.
#[tokio::test]
async fn too_many_rejected_rows_stop_an_import() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let bad = "BAD-1,,1,1,C\nBAD-2,,1,1,C\nBAD-3,,1,1,C\n";
    let (header, rows) = catalogue(9_000, 100).split_once('\n').map_or_else(
        || unreachable!("a catalogue has a header"),
        |(header, rows)| (header.to_owned(), rows.to_owned()),
    );
    let csv = format!("{header}\n{bad}{rows}");
    let job = import_as(&seller, "?max_errors=3", &csv).await;
    assert_eq!((&job["status"], counts(&job)[4]), (&json!("completed"), 3));
    assert_eq!(job["max_errors"], "3");
    for (query, stays) in [("max_errors=2", true), ("max_errors=2&dry_run=true", false)] {
        let other = daemon.seller(&format!("shop-{stays}"));
        let job = import_as(&other, &format!("?{query}"), &csv).await;
        assert_eq!((&job["status"], counts(&job)[4]), (&json!("failed"), 3));
        let rows = job["rows"].as_u64().unwrap();
        assert!(rows < 9_003, "{job}");
        let reason = job["error"].as_str().unwrap();
        let said = if stays {
            "created and 0 updated products stay"
        } else {
            "nothing was changed"
        };
        assert!(reason.contains(said), "{reason}");
        let listed = other.get("/api/products?limit=1").await.expect(200);
        let kept = if stays {
            job["created"].clone()
        } else {
            json!(0)
        };
        assert_eq!(listed["pagination"]["total"], kept);
        assert_eq!(rejects(&other, &job).await.lines().count(), 4);
        daemon.wait_published().await;
        let events = other.events().await;
        assert_eq!(kinds(&events).contains(&"ImportCompleted"), stays);
    }
    // A share is judged at the end where the file is short.
    let short = format!("{header}\n{bad}A,Mug,1,1,C\nB,Cup,1,1,C\nC,Jar,1,1,C\n");
    for (limit, status) in [("50%25", "completed"), ("49.99%25", "failed")] {
        let job = import_as(&seller, &format!("?max_errors={limit}"), &short).await;
        assert_eq!(
            (&job["status"], job["rows"].as_u64()),
            (&json!(status), Some(6))
        );
    }
    for wrong in ["max_errors=many", "max_errors=101%25", "dry_run=maybe"] {
        let path = format!("/api/products/import?{wrong}");
        let reply = seller.post_text(&path, "text/csv", short.clone()).await;
        let details = reply.refused(400, "VALIDATION_ERROR");
        assert!(wrong.starts_with(details["field"].as_str().unwrap()));
    }
}
