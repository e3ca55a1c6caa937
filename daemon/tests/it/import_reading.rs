//! What shops export is read as it is meant, or refused with what settles it.

use serde_json::{Value, json};

use crate::harness::{SellerClient, TestDaemon, counts};

/// Imports bytes with options in the query, and waits.
async fn import_bytes(seller: &SellerClient, query: &str, file: &[u8]) -> Value {
    let path = format!("/api/products/import{query}");
    let reply = seller.post_text(&path, "text/csv", file.to_vec()).await;
    let id = reply.expect(202)["import_id"].as_str().unwrap().to_owned();
    seller.import_ended(&id).await
}

/// Name and price of every product, sorted.
async fn stored(seller: &SellerClient) -> Vec<(String, String)> {
    let products = seller.products().await;
    let shown = |product: &Value| {
        let name = product["name"].as_str().unwrap().to_owned();
        (name, product["price"].to_string())
    };
    let mut all: Vec<_> = products.iter().map(shown).collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    owned.collect()
}

/// Red when: a faulty quote takes other lines with it, or its reject cannot be mended.
#[tokio::test]
async fn faulty_quotes_cost_their_own_lines_alone() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "sku,name,price\nA,\"Mount 5,10\nB,Mount 6,11\nC,\"Bar \"X\" 7\",12\nD,\"Pad, 8\",13\nE,\"End,14\n";
    let job = import_bytes(&seller, "", csv.as_bytes()).await;
    assert_eq!(counts(&job), [2, 0, 0, 0, 3]);
    let errors = job["errors"].as_array().unwrap().iter();
    let lines: Vec<_> = errors
        .map(|error| (error["line"].clone(), error["code"].clone()))
        .collect();
    let stray = |line| (json!(line), json!("STRAY_QUOTE"));
    assert_eq!(
        lines,
        [stray(2), stray(4), (json!(6), json!("UNCLOSED_QUOTE"))]
    );
    let message = job["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("lines 2-4"), "{message}");
    let id = job["id"].as_str().unwrap();
    let rejects = seller.get(&format!("/api/imports/{id}/rejects")).await.body;
    let again = import_bytes(&seller, "", rejects.as_bytes()).await;
    assert_eq!(counts(&again), [3, 0, 0, 0, 0]);
    let names: Vec<String> = stored(&seller)
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        ["\"Bar \"X\" 7\"", "\"End", "\"Mount 5", "Mount 6", "Pad, 8"]
    );
}

/// Red when: a European file needs options, or what cannot be known is guessed.
#[tokio::test]
async fn encodings_and_number_styles_are_found_or_asked_for() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let file = b"Artikelname;Preis\nK\xfcchenmesser;1.234,50 \x80\nT\xfcrgriff;9,90 \x80\n";
    let job = import_bytes(&seller, "", file).await;
    assert_eq!(counts(&job), [2, 0, 0, 0, 0]);
    assert_eq!(job["detected"]["dialect"]["encoding"], "windows-1252");
    assert_eq!(job["detected"]["mapping"][1]["decimal"], "comma");
    let expected = [("Küchenmesser", "1234.5"), ("Türgriff", "9.9")];
    assert_eq!(stored(&seller).await, pairs(&expected));

    let mac = daemon.seller("shop-2");
    let file = b"name,price\nCaf\x8e cr\x8fme,1\n";
    let path = "/api/products/import";
    let refused = mac
        .post_text(path, "text/csv", file.to_vec())
        .await
        .expect(400);
    assert_eq!(refused["error_code"], "UNSUPPORTED_ENCODING");
    import_bytes(&mac, "?encoding=macintosh", file).await;
    let ambiguous = b"name,price\nLamp,\"1,234\"\n";
    let refused = mac
        .post_text(path, "text/csv", ambiguous.to_vec())
        .await
        .expect(400);
    assert_eq!(refused["details"]["field"], "decimal");
    import_bytes(&mac, "?decimal=,", ambiguous).await;
    let expected = [("Café crème", "1"), ("Lamp", "1.23")];
    assert_eq!(stored(&mac).await, pairs(&expected));

    let wide = daemon.seller("shop-3");
    let text = "\u{feff}name\tprice\nRøst \u{1f980}\t5\n";
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    import_bytes(&wide, "", &units).await;
    assert_eq!(stored(&wide).await, pairs(&[("Røst \u{1f980}", "5")]));
}
