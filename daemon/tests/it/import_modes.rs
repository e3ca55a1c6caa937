//! Which columns an import needs, by its mode, and what a row leaves alone.

use serde_json::{Value, json};

use crate::harness::{SellerClient, TestDaemon, counts, import_as};

const BEFORE_CSV: &str = "sku,name,description,price,quantity,category,low_stock_threshold,Colour\n\
    A,Brush,wide,4.50,12,Tools,5,red\nB,Bucket,10 l,6.00,8,Tools,,\nC,Broom,birch,9.00,3,Tools,,\n";

async fn product(seller: &SellerClient, sku: &str) -> Value {
    let found = seller.get(&format!("/api/products?sku={sku}")).await;
    let mut product = found.expect(200)["data"][0].clone();
    for field in ["version", "updated_at"] {
        product.as_object_mut().unwrap().remove(field);
    }
    product
}

/// Red when: a nightly list of stock or prices is refused, alters more than it says, or creates
/// products without a name.
#[tokio::test]
async fn a_key_and_one_more_column_are_enough_for_known_products() {
    let daemon = TestDaemon::start().await;
    for (file, rows, field, value) in [
        (
            "\"sku\",\"qty\"\n\"A\",\"20\"\n\"B\",\"8\"\n\"Z\",\"4\"\n",
            4,
            "quantity",
            json!(20),
        ),
        (
            "SKU;Price\nA;4.80\nB;6.00\nZ;1.00\n",
            4,
            "price",
            json!(4.8),
        ),
    ] {
        for mode in ["", "?mode=update"] {
            let seller = daemon.seller(&format!("{field}{}", mode.len()));
            import_as(&seller, "", BEFORE_CSV).await;
            let mut expected = product(&seller, "A").await;
            let job = import_as(&seller, mode, file).await;
            assert_eq!(counts(&job), [0, 1, 1, 0, 1], "{job}");
            assert_eq!(
                (&job["errors"][0]["line"], &job["warnings"]),
                (&json!(rows), &json!([]))
            );
            expected[field] = value.clone();
            assert_eq!(
                product(&seller, "A").await,
                expected,
                "nothing else changes"
            );
        }
    }
}

/// Red when: a blank cell clears what is stored.
#[tokio::test]
async fn blank_cells_leave_what_is_stored_alone() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    import_as(&seller, "", BEFORE_CSV).await;
    let before = product(&seller, "A").await;
    let blank = "sku,name,description,price,quantity,category,low_stock_threshold,Colour\n\
        A,,,,,,,\nNEW,,,,,,,\nNEW-2,Pan,,,,,,\n";
    let job = import_as(&seller, "", blank).await;
    assert_eq!(counts(&job), [0, 0, 1, 0, 2]);
    assert_eq!(product(&seller, "A").await, before);
    let errors = job["errors"].as_array().unwrap().iter();
    let places: Vec<_> = errors
        .map(|error| {
            (
                error["line"].as_u64().unwrap(),
                error["column"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [(3, "name"), (4, "price")]);
}

/// Red when: a mode accepts a file of which no row can go in, or refuses one of which a row can.
#[tokio::test]
async fn each_mode_names_the_columns_it_needs() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for (mode, header, refused) in [
        ("create", "sku,price", Some("name")),
        ("create", "sku,qty", Some("name")),
        ("create", "name,price", None),
        ("upsert", "sku", Some("name")),
        ("upsert", "sku,Colour", Some("name")),
        ("upsert", "sku,description", None),
        ("update", "sku,Colour", Some("quantity")),
        ("update", "sku,category", None),
        ("skip", "sku,qty", Some("name")),
        ("skip", "sku,name,price", None),
    ] {
        let path = format!("/api/products/import?mode={mode}");
        let reply = seller
            .post_text(&path, "text/csv", format!("{header}\n"))
            .await;
        match refused {
            None => drop(reply.expect(202)),
            Some(field) => {
                let body = reply.expect(400);
                assert_eq!(
                    body["error_code"], "MISSING_COLUMNS",
                    "{mode} {header}: {body}"
                );
                assert_eq!(
                    body["details"]["columns"][0], field,
                    "{mode} {header}: {body}"
                );
            }
        }
    }
}
