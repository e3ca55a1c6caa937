//! What is taken as an import and what is refused at the door.

use reqwest::{Method, multipart};
use serde_json::json;

use crate::harness::{HttpReply, SellerClient, TestDaemon, answer, catalogue};

const IMPORT: &str = "/api/products/import";

fn part(text: &str, file_name: Option<&str>, content_type: Option<&str>) -> multipart::Part {
    let mut part = multipart::Part::text(text.to_owned());
    if let Some(name) = file_name {
        part = part.file_name(name.to_owned());
    }
    match content_type {
        Some(kind) => part.mime_str(kind).unwrap(),
        None => part,
    }
}

async fn form(seller: &SellerClient, form: multipart::Form) -> HttpReply {
    answer(seller.request(Method::POST, IMPORT).multipart(form)).await
}

#[tokio::test]
async fn a_form_is_taken_by_its_file_name_or_type() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for (name, kind) in [
        (Some("a.csv"), Some("text/csv")),
        (Some("a.CSV"), Some("application/vnd.ms-excel")),
        (Some("a.csv"), Some("application/octet-stream")),
        (Some("export"), Some("text/csv")),
        (Some("export"), Some("application/csv")),
    ] {
        let accepted = form(
            &seller,
            multipart::Form::new().part("file", part(&catalogue(3, 100), name, kind)),
        )
        .await;
        let id = accepted.expect(202)["import_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let job = seller.import_ended(&id).await;
        assert_eq!(
            (&job["status"], &job["rows"]),
            (&json!("completed"), &json!(3))
        );
        assert_eq!(job["file_name"].as_str(), name);
    }
    for (name, kind) in [
        (Some("a.pdf"), Some("application/pdf")),
        (Some("a.xlsx"), Some("image/png")),
        (Some("a"), Some("application/json")),
    ] {
        let reply = form(
            &seller,
            multipart::Form::new().part("file", part(&catalogue(3, 100), name, kind)),
        )
        .await;
        reply.refused(400, "INVALID_FILE_TYPE");
    }
    let empty = seller.post_text(IMPORT, "multipart/form-data; boundary=x", "--x--\r\n");
    empty.await.refused(400, "MISSING_FILE");
    let misnamed =
        multipart::Form::new().part("upload", part(&catalogue(3, 100), Some("a.csv"), None));
    form(&seller, misnamed)
        .await
        .refused(400, "INVALID_FILE_FIELD");
    let two = multipart::Form::new()
        .part(
            "file",
            part(&catalogue(3, 100), Some("a.csv"), Some("text/csv")),
        )
        .part(
            "file",
            part(&catalogue(3, 100), Some("b.csv"), Some("text/csv")),
        );
    form(&seller, two).await.refused(400, "INVALID_FILE_FIELD");
    assert_eq!(seller.products().await.len(), 3);
}

#[tokio::test]
async fn a_hopeless_file_is_refused_before_it_is_accepted() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let raw = async |query: &str, body: Vec<u8>| {
        seller
            .post_text(&format!("{IMPORT}{query}"), "text/csv", body)
            .await
    };
    for (body, code) in [
        ("colour,size\nred,5\n", "MISSING_COLUMNS"),
        ("name,quantity\nMug,5\n", "MISSING_COLUMNS"),
        ("", "VALIDATION_ERROR"),
        ("\n\n", "VALIDATION_ERROR"),
    ] {
        raw("", body.as_bytes().to_vec()).await.refused(400, code);
    }
    raw("", b"PK\x03\x04\x00\x00\x00\x00name,price\n".to_vec())
        .await
        .refused(400, "UNSUPPORTED_ENCODING");
    for query in [
        "?colour=red",
        "?mode=replace",
        "?preset=nothing",
        "?delimiter=x",
        "?map=A=nothing",
        "?default=price=free",
    ] {
        let details = raw(query, catalogue(3, 100).into_bytes())
            .await
            .refused(400, "VALIDATION_ERROR");
        assert!(details["field"].is_string(), "{query}: {details}");
    }
    raw("?map=Cost%3Dprice", catalogue(3, 100).into_bytes())
        .await
        .expect_refusal();
    let json = seller.post_text(IMPORT, "application/json", "{}").await;
    assert!([400, 415].contains(&json.status), "{}", json.body);
    assert_eq!(
        seller.get("/api/imports").await.expect(200)["pagination"]["total"],
        0
    );
    let spool: Vec<_> = walk(&daemon.archive("spool").await);
    assert!(
        spool.is_empty(),
        "a refused upload leaves no file: {spool:?}"
    );
}

#[tokio::test]
async fn a_file_may_not_be_too_large() {
    let daemon = TestDaemon::with(&[("IMPORT_MAX_BYTES", "4096")]).await;
    let seller = daemon.seller("shop-1");
    let large = catalogue(2_000, 100);
    seller
        .post_text(IMPORT, "text/csv", large.clone())
        .await
        .refused(413, "FILE_TOO_LARGE");
    let multipart =
        multipart::Form::new().part("file", part(&large, Some("a.csv"), Some("text/csv")));
    form(&seller, multipart)
        .await
        .refused(413, "FILE_TOO_LARGE");
    // Without a length: the limit is found while reading.
    let chunks: Vec<Result<String, std::io::Error>> =
        large.lines().map(|line| Ok(format!("{line}\n"))).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    seller
        .post_text(IMPORT, "text/csv", body)
        .await
        .refused(413, "FILE_TOO_LARGE");
    assert_eq!(seller.import(catalogue(20, 100)).await["created"], 20);
    assert_eq!(seller.products().await.len(), 20);
}

#[tokio::test]
async fn names_of_files_lead_nowhere() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    for (asked, kept) in [
        ("..%2F..%2Fetc%2Fpasswd.csv", "passwd.csv"),
        ("C%3A%5Cshop%5Cmugs.csv", "mugs.csv"),
        ("a%0D%0Ab.csv", "ab.csv"),
    ] {
        let reply = seller
            .post_text(
                &format!("{IMPORT}?file_name={asked}"),
                "text/csv",
                catalogue(1, 100),
            )
            .await;
        let id = reply.expect(202)["import_id"].as_str().unwrap().to_owned();
        assert_eq!(seller.import_ended(&id).await["file_name"], kept);
    }
}

impl HttpReply {
    #[track_caller]
    fn expect_refusal(&self) {
        assert!(
            (400..500).contains(&self.status),
            "{}: {}",
            self.status,
            self.body
        );
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}
