//! Nothing is altered or left out in silence: warnings, and why rows were skipped.

use serde_json::{Value, json};

use crate::harness::{TestDaemon, counts, import_as};

/// Line, column and code of a job's warnings.
fn warnings(job: &Value) -> Vec<(u64, String, String)> {
    let text = |warning: &Value, key: &str| warning[key].as_str().unwrap().to_owned();
    let all = job["warnings"].as_array().unwrap().iter();
    all.map(|warning| {
        let line = warning["line"].as_u64().unwrap();
        (line, text(warning, "column"), text(warning, "code"))
    })
    .collect()
}

/// Red when: an earlier row with the same key goes without a word, or skipped rows without a reason.
#[tokio::test]
async fn duplicates_are_named_with_both_lines() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv =
        "Ref,name,price,quantity,category\nD-1,Mug,1,50,K\n,,,,\nD-2,Cup,1,50,K\nD-1,Mug,2,50,K\n";
    let job = import_as(&seller, "?map=Ref%3Dsku", csv).await;
    assert_eq!(counts(&job), [2, 0, 0, 2, 0]);
    let duplicate = (2, "Ref".to_owned(), "DUPLICATE_SKU".to_owned());
    assert_eq!(warnings(&job), [duplicate]);
    let message = job["warnings"][0]["message"].as_str().unwrap();
    assert!(message.contains("line 5"), "{message}");
    let skips = json!({"duplicate": 1, "existing": 0, "parent": 0, "image": 0, "blank": 1});
    assert_eq!((&job["skips"], &job["warned"]), (&skips, &json!(1)));
    let listed = seller.get("/api/imports").await.expect(200)["data"][0].clone();
    assert_eq!((&listed["skips"], &listed["warned"]), (&skips, &json!(1)));
    assert!(listed.get("errors").is_none() && listed.get("warnings").is_none());
}

/// Red when: stock below zero costs the row, or becomes 0 without a word.
#[tokio::test]
async fn stock_below_zero_becomes_zero_with_a_warning() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "sku,name,price,Stock,category\nA,Mug,1,-3,K\nB,Cup,1,-0,K\nC,Jar,1,10,K\n";
    for first in [true, false] {
        let job = import_as(&seller, "", csv).await;
        let expected = if first {
            [3, 0, 0, 0, 0]
        } else {
            [0, 0, 3, 0, 0]
        };
        assert_eq!(counts(&job), expected);
        let raised = (2, "Stock".to_owned(), "RAISED_TO_ZERO".to_owned());
        assert_eq!((warnings(&job), &job["warned"]), (vec![raised], &json!(1)));
    }
}

/// Red when: the number of all imports is lost on a page past the end.
#[tokio::test]
async fn a_page_past_the_end_counts_all_imports() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    import_as(&seller, "", "sku,name,price\nA,Mug,1\n").await;
    let past = seller.get("/api/imports?page=7&limit=5").await.expect(200);
    assert_eq!(
        (&past["data"], &past["pagination"]["total"]),
        (&json!([]), &json!(1))
    );
}

/// Red when: a long description costs its row or its variants, or is cut without a word.
#[tokio::test]
async fn long_text_is_cut_with_a_warning_or_rejected() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let (long, most) = ("é".repeat(2_001), "é".repeat(2_000));
    let csv = format!("sku,name,desc,price\nA,Mug,{long},1\nB,Cup,{most},1\n");
    let cut = vec![(2, "desc".to_owned(), "TEXT_CUT".to_owned())];
    let lines = |job: &Value| {
        let mut found = warnings(job);
        found.retain(|(line, ..)| *line > 1);
        found
    };
    for expected in [[2, 0, 0, 0, 0], [0, 0, 2, 0, 0]] {
        let job = import_as(&seller, "", &csv).await;
        assert_eq!((counts(&job), &job["warned"]), (expected, &json!(1)));
        assert_eq!(lines(&job), cut);
        let listed = seller.get("/api/products?sku=A").await.expect(200);
        assert_eq!(listed["data"][0]["description"], most);
    }
    let job = import_as(&seller, "?long_text=reject", &csv).await;
    assert_eq!(counts(&job), [0, 0, 1, 0, 1]);
    assert_eq!(job["errors"][0]["code"], "MAX_LENGTH");

    let shopify = daemon.seller("shopify");
    let csv = format!(
        "Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant Price\n\
         coat,Coat,{long},Size,S,1\ncoat,,,,M,1\ncoat,,,,,\n"
    );
    let job = import_as(&shopify, "", &csv).await;
    assert_eq!((counts(&job), &job["warned"]), ([2, 0, 0, 1, 0], &json!(2)));
    let columns: Vec<_> = lines(&job)
        .into_iter()
        .map(|(line, column, _)| (line, column))
        .collect();
    let body = "Body (HTML)".to_owned();
    assert_eq!(columns, [(2, body.clone()), (3, body)]);
    assert_eq!(job["skips"]["image"], 1);
}

/// Red when: a stock of 0 and the category "Uncategorized" are filled in without a word, or the rows
/// count as warned for what the whole file lacks.
#[tokio::test]
async fn fields_without_a_column_are_named_with_the_nearest_headers() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "sku,name,price,quantty,colour\nA,Mug,1,5,red\n";
    let job = import_as(&seller, "", csv).await;
    assert_eq!((counts(&job), &job["warned"]), ([1, 0, 0, 0, 0], &json!(0)));
    let file = |code: &str| (1, String::new(), code.to_owned());
    assert_eq!(warnings(&job), [file("NO_COLUMN"), file("NO_COLUMN")]);
    let message = |n: usize| job["warnings"][n]["message"].as_str().unwrap();
    assert!(
        message(0).contains("\"quantty\"") && message(0).contains("quantity"),
        "{job}"
    );
    assert!(
        message(1).contains("category") && message(1).contains("Uncategorized"),
        "{job}"
    );
    let chosen = "?default=quantity%3D7&default=category%3DC";
    assert_eq!(warnings(&import_as(&seller, chosen, csv).await), []);
    let list = "?mode=update";
    assert_eq!(warnings(&import_as(&seller, list, csv).await), []);
}

/// Red when: bytes whose rows without a key are in already create them again although that is to be
/// refused, or a file with a key is refused.
#[tokio::test]
async fn a_repeated_file_without_keys_is_refused_when_asked() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "sku,name,price\nA,Pot,1\n,Cup,1\n,Spoon,1\n";
    let job = import_as(&seller, "?on_repeat=refuse", csv).await;
    assert_eq!(
        (counts(&job), &job["without_key"]),
        ([3, 0, 0, 0, 0], &json!(2))
    );
    let path = "/api/products/import?on_repeat=refuse";
    let refused = seller
        .post_text(path, "text/csv", csv.to_owned())
        .await
        .expect(409);
    assert_eq!(refused["error_code"], "ALREADY_IMPORTED");
    assert_eq!(refused["details"]["import_id"], job["id"]);
    assert_eq!(counts(&import_as(&seller, "", csv).await), [2, 0, 1, 0, 0]);
    let keyed = "sku,name,price\nA,Pot,1\n";
    for expected in [[0, 0, 1, 0, 0]; 2] {
        assert_eq!(
            counts(&import_as(&seller, "?on_repeat=refuse", keyed).await),
            expected
        );
    }
}
