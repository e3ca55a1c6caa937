//! Imports once they are accepted: counts, modes, presets, rejected rows, re-imports, cancel.

use serde_json::json;

use crate::harness::{SellerClient, TestDaemon, catalogue, cents, counts, import_as, kinds, poll};

/// Red when: a row that alters nothing counts as an update.
#[tokio::test]
async fn the_second_import_changes_nothing() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let first = seller.import(catalogue(6_000, 100)).await;
    assert_eq!(
        (counts(&first), &first["status"]),
        ([6_000, 0, 0, 0, 0], &json!("completed"))
    );
    assert_eq!(first["bytes_done"], first["bytes_total"]);
    assert!(first["finished_at"].is_string() && first["error"].is_null());
    daemon.wait_published().await;
    let events = seller.events().await;
    let (versions, before) = (versions(&seller).await, events.len());
    assert_eq!(
        events.last().unwrap()["sequence"],
        6_001,
        "one per product, and the end"
    );

    assert_eq!(
        counts(&seller.import(catalogue(6_000, 100)).await),
        [0, 0, 6_000, 0, 0]
    );
    daemon.wait_published().await;
    let events = seller.events().await;
    assert_eq!(kinds(&events[before..]), ["ImportCompleted"]);
    assert_eq!(self::versions(&seller).await, versions);

    let changed = catalogue(6_000, 100).replace("Thing 17,", "Thing seventeen,");
    assert_eq!(counts(&seller.import(changed).await), [0, 1, 5_999, 0, 0]);
    let jobs = seller.get("/api/imports?limit=2").await.expect(200);
    assert_eq!(jobs["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&jobs["data"][0]["updated"], &jobs["pagination"]["total"]),
        (&json!(1), &json!(3))
    );
}

async fn versions(seller: &SellerClient) -> Vec<(i64, i64)> {
    let products = seller.products().await;
    products
        .iter()
        .map(|p| (p["id"].as_i64().unwrap(), p["version"].as_i64().unwrap()))
        .collect()
}

#[tokio::test]
async fn rejected_rows_come_back_and_can_be_mended() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "sku;Name;Price;Quantity;Category;Farbe\n\
        A-1;Mug;9.90;5;Kitchen;grün\n\
        A-2;;9.90;5;Kitchen;rot\n\
        A-3;Cup;free;5;Kitchen;\"blau; hell\"\n\
        A-4;\"Bowl\nlarge\";1.50;five;Kitchen;\n\
        A-5;Jar;2;7;Kitchen;\n";
    let job = seller.import(csv).await;
    assert_eq!(counts(&job), [2, 0, 0, 0, 3]);
    assert_eq!(job["detected"]["dialect"]["delimiter"], ";");
    let errors = job["errors"].as_array().unwrap();
    let places: Vec<_> = errors
        .iter()
        .map(|e| (e["line"].as_u64().unwrap(), e["column"].as_str().unwrap()))
        .collect();
    assert_eq!(places, [(3, "Name"), (4, "Price"), (5, "Quantity")]);
    assert!(
        errors
            .iter()
            .all(|e| e["code"].is_string() && e["message"].is_string())
    );

    let rejects = seller
        .get(&format!(
            "/api/imports/{}/rejects",
            job["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(rejects.status, 200);
    assert!(
        rejects
            .header("content-type")
            .unwrap()
            .starts_with("text/csv")
    );
    let header = rejects.body.lines().next().unwrap();
    assert_eq!(
        header,
        "sku;Name;Price;Quantity;Category;Farbe;_line;_column;_code;_message;_hint"
    );
    assert!(rejects.body.contains("\"blau; hell\"") && rejects.body.contains("Bowl\nlarge"));
    let again = seller.import(rejects.body.clone()).await;
    assert_eq!(counts(&again), [0, 0, 0, 0, 3], "not mended yet");
    let mended = rejects
        .body
        .replace("A-2;;", "A-2;Plate;")
        .replace(";free;", ";3.00;")
        .replace(";five;", ";5;");
    assert_eq!(counts(&seller.import(mended).await), [3, 0, 0, 0, 0]);
    let cup = seller.get("/api/products?sku=A-3").await.expect(200)["data"][0].clone();
    assert_eq!(
        cup["attributes"],
        json!({"Farbe": "blau; hell"}),
        "no reject column became an attribute"
    );
}

#[tokio::test]
async fn modes_decide_about_known_and_unknown_skus() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = |price: u32| format!("sku,name,price\nA,Mug,{price}\nB,Cup,{price}\n");
    let known = "sku,name,price\nA,Mug,1\n";
    import_as(&seller, "", known).await;
    assert_eq!(
        counts(&import_as(&seller, "?mode=create", &csv(2)).await),
        [1, 0, 0, 0, 1]
    );
    assert_eq!(
        counts(&import_as(&seller, "?mode=update", &(csv(3) + "C,Jar,3\n")).await),
        [0, 2, 0, 0, 1]
    );
    assert_eq!(
        counts(&import_as(&seller, "?mode=skip", &(csv(4) + "C,Jar,4\n")).await),
        [1, 0, 0, 2, 0]
    );
    assert_eq!(
        counts(&import_as(&seller, "?mode=upsert", &(csv(3) + "D,Pot,5\n")).await),
        [1, 0, 2, 0, 0]
    );
    let listed = seller
        .get("/api/products?sort_by=name&sort_order=asc")
        .await
        .expect(200);
    let prices: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| cents(&p["price"]))
        .collect();
    assert_eq!(prices, [300, 400, 300, 500]);
}

#[tokio::test]
async fn columns_are_found_mapped_and_defaulted() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "Artikel\tPreis\tBestand\nTasse\t4.20\t\nKanne\t12\t3\n";
    let query = "?map=Artikel%3Dname&map=Preis%3Dprice&map=Bestand%3Dquantity&default=category%3DK%C3%BCche&default=quantity%3D25&mode=create";
    let job = import_as(&seller, query, csv).await;
    assert_eq!(counts(&job), [2, 0, 0, 0, 0]);
    let listed = seller
        .get("/api/products?sort_by=name&sort_order=asc")
        .await
        .expect(200);
    let products: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            (
                p["name"].as_str().unwrap(),
                p["quantity"].as_i64().unwrap(),
                p["category"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(products, [("Kanne", 3, "Küche"), ("Tasse", 25, "Küche")]);
}

#[tokio::test]
async fn shop_exports_go_in_as_they_are() {
    let daemon = TestDaemon::start().await;
    let shopify = daemon.seller("shopify");
    let job = import_as(&shopify, "", "Handle,Title,Body (HTML),Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src\n\
        apron,Apron,<p>Linen</p>,Textiles,Size,S,APR-S,12,39.00,a.jpg\n\
        apron,,,,,L,APR-L,4,42.00,\n\
        apron,,,,,,,,,b.jpg\n").await;
    assert_eq!(
        (counts(&job), &job["detected"]["preset"]),
        ([2, 0, 0, 1, 0], &json!("shopify"))
    );
    let large = shopify.get("/api/products?sku=APR-L").await.expect(200)["data"][0].clone();
    assert!(
        large["name"].as_str().unwrap().contains("Apron")
            && large["name"].as_str().unwrap().contains('L')
    );
    assert_eq!(
        (&large["category"], &large["quantity"]),
        (&json!("Textiles"), &json!(4))
    );

    let woo = daemon.seller("woo");
    let job = import_as(&woo, "", "ID,Type,SKU,Name,Short description,Description,Stock,Low stock amount,Regular price,Sale price,Categories\n\
        1,simple,K-1,Kettle,Short,Long,18,5,54.90,49.90,\"Home > Kitchen, Sale\"\n\
        2,variable,T,Towel,,,,,,,Textiles\n\
        3,variation,T-1,Towel - Hand,,,,,12,,\n").await;
    assert_eq!(
        (counts(&job), &job["detected"]["preset"]),
        ([2, 0, 0, 1, 0], &json!("woocommerce"))
    );
    let kettle = woo.get("/api/products?sku=K-1").await.expect(200)["data"][0].clone();
    assert_eq!(
        (&kettle["description"], &kettle["low_stock_threshold"]),
        (&json!("Long"), &json!(5))
    );
    assert_eq!(cents(&kettle["price"]), 5490);
}

/// Red when: a formula character is exported bare.
#[tokio::test]
async fn an_export_goes_back_in_unchanged() {
    let daemon = TestDaemon::start().await;
    let (seller, copy) = (daemon.seller("shop-1"), daemon.seller("shop-2"));
    for (number, name) in [
        "=SUM(A1)",
        "'=quoted",
        "@at",
        "-dash",
        "+plus",
        "line\nbreak",
        "\"quotes\", commas; too",
        "🦀",
    ]
    .iter()
    .enumerate()
    {
        let body = json!({
            "name": name, "price": "1.05", "quantity": 3, "category": "=C", "sku": format!("S-{number}"),
            "description": format!(" kept {name} "), "low_stock_threshold": number,
            "attributes": {"colour": name, format!("col {}", number % 2): "=1"},
        });
        seller.post("/api/products", &body).await.expect(201);
    }
    let export = seller.get("/api/products/export").await;
    assert_eq!(export.status, 200);
    assert!(
        export
            .header("content-type")
            .unwrap()
            .starts_with("text/csv")
    );
    assert!(
        export
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert!(export.body.starts_with(
        "id,sku,name,description,price,quantity,category,low_stock_threshold,col 0,col 1,colour"
    ));
    assert!(!export.body.contains(",=") && !export.body.contains("\n="));
    assert_eq!(
        counts(&seller.import(export.body.clone()).await),
        [0, 0, 8, 0, 0]
    );
    assert_eq!(
        counts(&copy.import(export.body.clone()).await),
        [8, 0, 0, 0, 0]
    );
    let copied = copy.get("/api/products/export").await;
    let is_of_id = |c: char| c == '"' || c.is_ascii_digit();
    let without_ids = |file: &str| -> Vec<String> {
        let lines = file.split('\n');
        let rests = lines.map(|line| line.trim_start_matches(is_of_id).to_owned());
        rests.collect()
    };
    assert_eq!(without_ids(&copied.body), without_ids(&export.body));
    let filtered = seller.get("/api/products/export?sku=S-3").await;
    assert_eq!(filtered.body.lines().count(), 2);
}

#[tokio::test]
async fn a_cancelled_import_keeps_what_it_has_and_says_so() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let id = seller.upload(catalogue(120_000, 100)).await;
    let path = format!("/api/imports/{id}");
    poll("the first rows are in", async || {
        (seller.get(&path).await.json()["created"].as_u64()? > 0).then_some(())
    })
    .await;
    let accepted = seller
        .post(&format!("{path}/cancel"), &json!({}))
        .await
        .expect(202);
    assert_eq!(accepted["import_id"], id.as_str());
    assert!(accepted["message"].as_str().unwrap().len() > 10);
    let job = seller.import_ended(&id).await;
    assert_eq!(job["status"], "cancelled");
    let created = job["created"].as_u64().unwrap();
    assert!(created > 0 && created < 120_000);
    let listed = seller.get("/api/products?limit=1").await.expect(200);
    assert_eq!(listed["pagination"]["total"], created);
    seller
        .post(&format!("{path}/cancel"), &json!({}))
        .await
        .refused(409, "IMPORT_NOT_CANCELLABLE");
    daemon.wait_published().await;
    let events = seller.events().await;
    let last = events.last().unwrap();
    assert_eq!(
        (&last["type"], &last["data"]["status"]),
        (&json!("ImportCompleted"), &json!("cancelled"))
    );
    assert_eq!(last["sequence"], created + 1);
}
