//! Undoing an import: what it changed is put back where nobody has changed it since.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    SellerClient, TestDaemon, answer, catalogue, counts, import_as, kinds, poll, repeated,
};

/// Asks for the undo of an import; answers the id of its job.
async fn undo(seller: &SellerClient, import: &Value) -> String {
    let id = import["id"].as_str().unwrap();
    let path = format!("/api/imports/{id}/undo");
    let accepted = seller.post(&path, &json!({})).await.expect(202);
    assert_eq!(accepted["status"], "processing");
    accepted["import_id"].as_str().unwrap().to_owned()
}

async fn by_sku(seller: &SellerClient, sku: &str) -> Option<Value> {
    let path = format!("/api/products?sku={sku}");
    let listed = seller.get(&path).await.expect(200);
    listed["data"].get(0).cloned()
}

/// The products without what every change alters.
async fn contents(seller: &SellerClient) -> Vec<Value> {
    let mut products = seller.products().await;
    for product in &mut products {
        let fields = product.as_object_mut().unwrap();
        fields.remove("version");
        fields.remove("updated_at");
    }
    products.sort_by_key(|product| product["id"].as_i64());
    products
}

/// Red when: a product that was changed after the import is overwritten or deleted, one that was not
/// stays, a former value is another one, or what stays is not named.
#[tokio::test]
async fn an_undo_leaves_what_was_changed_since() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let head = "sku,name,price,quantity,category,low_stock_threshold,Colour\n";
    let first =
        format!("{head}A,Mug,1.50,50,K,5,red\nB,Cup,1,50,K,,\nF,Jar,1,50,K,,\nS,Pan,1,50,K,,\n");
    import_as(&seller, "", &first).await;
    let before = by_sku(&seller, "A").await.unwrap();
    let csv = format!(
        "{head}A,Mug XL,2.25,3,L,7,blue\nB,Cup,2,50,K,,\nF,Jar,2,50,K,,\nS,Pan,1,50,K,,\n\
         D,Pot,1,50,K,,\nE,Lid,1,50,K,,\nG,Fork,1,50,K,,\n,Bare,1,50,K,,\n"
    );
    let import = import_as(&seller, "", &csv).await;
    assert_eq!(counts(&import), [4, 3, 1, 0, 0]);
    assert_eq!(
        (&import["undone"], import.get("undone_by")),
        (&json!(false), None)
    );
    for sku in ["B", "E"] {
        let id = by_sku(&seller, sku).await.unwrap()["id"].clone();
        let path = format!("/api/products/{id}");
        seller
            .put(&path, &json!({"quantity": 49}))
            .await
            .expect(200);
    }
    for sku in ["F", "G"] {
        let id = by_sku(&seller, sku).await.unwrap()["id"].clone();
        seller
            .delete(&format!("/api/products/{id}"))
            .await
            .expect(200);
    }
    daemon.wait_published().await;
    let events = seller.events().await.len();

    let id = undo(&seller, &import).await;
    let job = seller.import_ended(&id).await;
    assert_eq!(
        (&job["status"], counts(&job)),
        (&json!("completed"), [0, 3, 1, 0, 3])
    );
    assert_eq!(
        (&job["undo_of"], &job["deleted"]),
        (&import["id"], &json!(2))
    );
    let errors = job["errors"].as_array().unwrap();
    let mut codes: Vec<_> = errors
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, ["CHANGED_SINCE", "CHANGED_SINCE", "DELETED_SINCE"]);
    let listed = seller.get(&format!("/api/imports/{id}/rejects")).await.body;
    assert!(listed.starts_with("id,sku,name,_line,"), "{listed}");
    assert!(
        listed.contains(",E,Lid,") && listed.contains(",F,Jar,"),
        "{listed}"
    );

    let after = by_sku(&seller, "A").await.unwrap();
    let same = |name: &str| (name, after[name].clone()) == (name, before[name].clone());
    let fields = [
        "id",
        "name",
        "price",
        "quantity",
        "category",
        "low_stock_threshold",
        "attributes",
    ];
    assert!(fields.into_iter().all(same), "{after}");
    assert_eq!(after["version"], 3);
    assert_eq!(by_sku(&seller, "B").await.unwrap()["quantity"], 49);
    assert_eq!(by_sku(&seller, "D").await, None);
    let path = format!("/api/imports/{}", import["id"].as_str().unwrap());
    let undone = seller.get(&path).await.expect(200);
    assert_eq!(
        (&undone["undone"], &undone["undone_by"]),
        (&json!(true), &json!(id))
    );

    daemon.wait_counted().await;
    let events = seller.events().await.split_off(events);
    // One for the products that were created, one for those that were altered.
    let progress = "ImportProgress";
    assert_eq!(kinds(&events), [progress, progress, "ImportCompleted"]);
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    assert_eq!(summary["activeProducts"], seller.products().await.len());
}

/// Red when: an import is undone twice, or one that cannot be undone gets a job for it.
#[tokio::test]
async fn what_cannot_be_undone_is_refused() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "sku,name,price\nA,Mug,1\n";
    let dry_run = import_as(&seller, "?dry_run=true", csv).await;
    let import = import_as(&seller, "", csv).await;
    let unchanged = import_as(&seller, "", csv).await;
    let path = |job: &Value| format!("/api/imports/{}/undo", job["id"].as_str().unwrap());
    let keyed = async || {
        let request = seller.request(Method::POST, &path(&import));
        let reply = answer(request.header("Idempotency-Key", "k").json(&json!({}))).await;
        reply.expect(202)["import_id"].clone()
    };
    let id = keyed().await;
    assert_eq!(keyed().await, id);
    let undo = seller.import_ended(id.as_str().unwrap()).await;
    for job in [&import, &undo, &dry_run, &unchanged] {
        let reply = seller.post(&path(job), &json!({})).await;
        let details = reply.refused(409, "IMPORT_NOT_UNDOABLE");
        assert!(details["reason"].is_string());
    }
    let absent = json!({"id": "imp_0"});
    let reply = seller.post(&path(&absent), &json!({})).await;
    reply.refused(404, "IMPORT_NOT_FOUND");
    assert!(seller.products().await.is_empty());
}

/// Red when: a product that an import met twice gets a value back that the import itself had written,
/// or one that it created is known as changed since.
#[tokio::test]
async fn a_product_met_twice_gets_its_first_values_back() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    import_as(&seller, "", "sku,name,price\nSKU-000003,Old,1\nOWN,Own,1\n").await;
    let before = contents(&seller).await;
    let import = import_as(&seller, "", &repeated(4_500)).await;
    assert_eq!(counts(&import), [4_499, 4_501, 0, 0, 0]);
    let id = undo(&seller, &import).await;
    let job = seller.import_ended(&id).await;
    assert_eq!(
        (counts(&job), &job["deleted"]),
        ([0, 4_500, 0, 0, 0], &json!(4_499))
    );
    assert_eq!(contents(&seller).await, before);
}

/// Red when: an undo that was killed forgets a product, puts one back twice or leaves a hole in the
/// seller's events.
#[tokio::test]
async fn an_undo_survives_kills() {
    let mut daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    seller.import(catalogue(3_000, 100)).await;
    let before = contents(&seller).await;
    let import = seller.import(catalogue(8_000, 500)).await;
    assert_eq!(counts(&import), [5_000, 3_000, 0, 0, 0]);
    let id = undo(&seller, &import).await;
    for enough in [1, 5_500] {
        let seller = daemon.seller("shop-1");
        poll("the undo comes along", async || {
            let job = seller.get(&format!("/api/imports/{id}")).await.json();
            (job["rows"].as_u64()? >= enough).then_some(())
        })
        .await;
        daemon = daemon.restart().await;
    }
    let seller = daemon.seller("shop-1");
    let job = seller.import_ended(&id).await;
    assert_eq!(
        (&job["status"], counts(&job)),
        (&json!("completed"), [0, 8_000, 0, 0, 0])
    );
    assert_eq!(job["deleted"], 5_000);
    assert_eq!(contents(&seller).await, before);
    daemon.wait_counted().await;
    let last = seller.events().await.last().unwrap()["sequence"].clone();
    assert_eq!(last, 3_000 + 8_000 + 8_000 + 3);
    let summary = seller.get("/api/analytics/summary").await.expect(200);
    let totals = ["activeProducts", "deletedProducts"].map(|name| summary[name].clone());
    assert_eq!(totals, [json!(3_000), json!(5_000)]);
}
