//! Our own export: it finds its products again, with and without skus, and nobody else's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{SellerClient, TestDaemon, counts, import_as, product};

const HEADER: &str = "id,sku,name,description,price,quantity,category,low_stock_threshold";

async fn exported(seller: &SellerClient) -> String {
    let file = seller.get("/api/products/export").await;
    assert_eq!(file.status, 200);
    file.body
}

async fn create(seller: &SellerClient, name: &str, more: Value) -> i64 {
    let mut body = product(name);
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let created = seller.post("/api/products", &body).await.expect(201);
    created["id"].as_i64().unwrap()
}

/// Red when: an export without skus doubles its shop, or attributes that share a column come back as
/// one attribute.
#[tokio::test]
async fn an_export_is_all_unchanged_with_and_without_skus() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    create(&seller, "Mug", json!({})).await;
    create(
        &seller,
        "Pot",
        json!({"sku": "P-1", "description": " kept "}),
    )
    .await;
    let many = (0..300).map(|n| (format!("a{n:03}"), json!("=x")));
    let many = Value::Object(many.collect());
    create(&seller, "Jug", json!({"attributes": many})).await;
    let file = exported(&seller).await;
    let header = file.lines().next().unwrap();
    assert!(header.starts_with(HEADER) && header.ends_with(",attributes"));
    assert_eq!(header.split(',').count(), 256);
    let before = seller.products().await;
    for query in ["", "?mode=update", "?on_repeat=refuse"] {
        let job = import_as(&seller, query, &file).await;
        assert_eq!(
            (counts(&job), &job["warned"]),
            ([0, 0, 3, 0, 0], &json!(0)),
            "{job}"
        );
    }
    assert_eq!(seller.products().await, before);
    let request = seller.request(Method::GET, "/api/products/export?bom=true");
    let marked = request.send().await.unwrap().bytes().await.unwrap();
    let marked = String::from_utf8(marked.to_vec()).unwrap();
    assert!(marked.strip_prefix('\u{feff}') == Some(file.as_str()));
    assert_eq!(
        counts(&import_as(&seller, "", &marked).await),
        [0, 0, 3, 0, 0]
    );
    let refused = seller.get("/api/products/export?bom=maybe").await;
    refused.refused(400, "VALIDATION_ERROR");
}

/// Red when: a row by id is taken for another product, a foreign or deleted one among them.
#[tokio::test]
async fn ids_find_products_of_their_own_seller_only() {
    let daemon = TestDaemon::start().await;
    let (seller, other) = (daemon.seller("shop-1"), daemon.seller("shop-2"));
    let foreign = create(&other, "Theirs", json!({})).await;
    let gone = create(&seller, "Gone", json!({})).await;
    seller
        .delete(&format!("/api/products/{gone}"))
        .await
        .expect(200);
    let bare = create(&seller, "Bare", json!({})).await;
    let keyed = create(&seller, "Keyed", json!({"sku": "K-1"})).await;
    let csv = format!(
        "{HEADER}\n\
         {foreign},,Mine,,1.00,1,C,\n\
         {gone},G-1,Back,,1.00,1,C,\n\
         {bare},B-1,Bare 2,,2.00,,,\n\
         {keyed},K-2,Keyed 2,,1.00,1,C,\n\
         {keyed},,Keyed 3,,3.00,1,C,\n\
         x,X-1,Bad,,1.00,1,C,\n\
         ,K-1,Keyed 4,,4.00,1,C,\n\
         {foreign},,,,2.00,1,C,\n"
    );
    let job = import_as(&seller, "", &csv).await;
    let codes: Vec<_> = job["errors"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = codes
        .iter()
        .map(|error| {
            (
                error["line"].as_u64().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(codes, [(5, "SKU_MISMATCH"), (7, "TYPE")]);
    assert_eq!(counts(&job), [2, 2, 0, 2, 2]);
    let stored = seller.products().await;
    let find = |id: i64| stored.iter().find(|product| product["id"] == id);
    assert_eq!(find(bare).map(|p| &p["sku"]), Some(&json!("B-1")));
    assert_eq!(find(bare).map(|p| &p["name"]), Some(&json!("Bare 2")));
    assert_eq!(find(keyed).map(|p| &p["name"]), Some(&json!("Keyed 4")));
    assert_eq!((find(foreign), find(gone), stored.len()), (None, None, 4));
    let theirs = other
        .get(&format!("/api/products/{foreign}"))
        .await
        .expect(200);
    assert_eq!(
        (&theirs["name"], &theirs["version"]),
        (&json!("Theirs"), &json!(1))
    );
    let unknown = format!("{HEADER}\n{foreign},,Mine,,1.00,1,C,\n{bare},K-1,,,,,,\n");
    let job = import_as(&seller, "?mode=update", &unknown).await;
    assert_eq!(counts(&job), [0, 0, 0, 0, 2]);
}

/// Red when: any header with an `id` finds products by it.
#[tokio::test]
async fn ids_of_other_files_are_attributes() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let id = create(&seller, "Mug", json!({})).await;
    let job = import_as(&seller, "", &format!("id,name,price\n{id},Cup,1.00\n")).await;
    assert_eq!(counts(&job), [1, 0, 0, 0, 0]);
}
