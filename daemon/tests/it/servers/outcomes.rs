//! A database whose answer to a COMMIT is lost: nothing is invented, no file is lost.

use reqwest::Method;

use crate::{
    commit_proxy::{CommitFault, CommitProxy},
    harness::{SellerClient, TestDaemon, TestNamespace, answer, catalogue, kinds, product},
};

/// A daemon whose database is reached through a proxy.
async fn through_proxy() -> (TestDaemon, CommitProxy) {
    let namespace = TestNamespace::of(&["postgres"]).await;
    let url = namespace.get("DATABASE_URL").unwrap().to_owned();
    let proxy = CommitProxy::open(&url).await;
    let through = proxy.url(&url);
    let daemon = TestDaemon::on(namespace, &[("DATABASE_URL", &through)]).await;
    (daemon, proxy)
}

/// Sends something with an idempotency key; answers the status.
async fn keyed(seller: &SellerClient, path: &str, body: &str, kind: &str) -> u16 {
    let request = seller
        .request(Method::POST, path)
        .header("Idempotency-Key", "k")
        .header("Content-Type", kind);
    answer(request.body(body.to_owned())).await.status
}

/// Red when: a group of new products is stored again one by one although its commit may be done
/// (201, two rows and two events).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn a_product_whose_commit_was_not_answered_is_there_once() {
    let (daemon, proxy) = through_proxy().await;
    let seller = daemon.seller("shop-1");
    proxy.arm(CommitFault::CutBehind, 1);
    let lost = seller.post("/api/products", &product("Mug")).await;
    lost.refused(503, "OUTCOME_UNKNOWN");
    assert!(lost.header("retry-after").is_some());
    daemon.wait_published().await;
    assert_eq!(seller.products().await.len(), 1);
    assert_eq!(kinds(&seller.events().await), ["ProductCreated"]);
    proxy.arm(CommitFault::CutBehind, 1);
    let body = product("Cup").to_string();
    let status = keyed(&seller, "/api/products", &body, "application/json").await;
    assert_eq!((status, proxy.struck()), (201, 2));
    daemon.wait_published().await;
    assert_eq!(seller.products().await.len(), 2);
}

/// However often the answer is lost, the upload that was queued has its file.
///
/// Red when: an upload's file is removed when its outcome is unknown (the import fails).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dev/engines"]
async fn an_upload_whose_commit_was_not_answered_keeps_its_file() {
    const ROWS: u32 = 20;
    let (daemon, proxy) = through_proxy().await;
    let seller = daemon.seller("shop-1");
    let path = "/api/products/import?file_name=shop.csv";
    let csv = catalogue(ROWS, 5);
    proxy.arm(CommitFault::CutBehind, usize::MAX);
    let lost = keyed(&seller, path, &csv, "text/csv").await;
    assert_eq!(lost, 503);
    proxy.arm(CommitFault::CutBehind, 0);
    assert_eq!(keyed(&seller, path, &csv, "text/csv").await, 202);
    let jobs = seller.get("/api/imports").await.expect(200);
    let jobs = jobs["data"].as_array().unwrap();
    assert_eq!(jobs.len(), 1);
    let ended = seller.import_ended(jobs[0]["id"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["created"], ROWS);
}
