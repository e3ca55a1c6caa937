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
