//! Uploads in the forms that clients send: names of files, options beside the file, kinds of files.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::harness::{HttpReply, SellerClient, TestDaemon, counts};

const IMPORT: &str = "/api/products/import";
const ROWS: &str = "sku,name,Cost\nA,Mug,1.50\nB,Pot,2.50\n";

/// A part with this header line after the colon of `Content-Disposition`.
fn part(disposition: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn text(name: &str, value: &str) -> Vec<u8> {
    part(&format!("name=\"{name}\""), value.as_bytes())
}

fn file(name: &str, content: &str) -> Vec<u8> {
    let disposition = format!("name=\"file\"; filename=\"{name}\"");
    part(&disposition, content.as_bytes())
}

async fn send(seller: &SellerClient, query: &str, parts: &[Vec<u8>]) -> HttpReply {
    let body = [&parts.concat(), b"--X--\r\n".as_slice()].concat();
    let kind = "multipart/form-data; boundary=X";
    seller
        .post_text(&format!("{IMPORT}{query}"), kind, body)
        .await
}

async fn ended(seller: &SellerClient, reply: HttpReply) -> Value {
    let id = reply.expect(202)["import_id"].as_str().unwrap().to_owned();
    seller.import_ended(&id).await
}

/// Red when: a client's way to write a name that is not ASCII gives another name, or a refusal.
#[tokio::test]
async fn names_of_files_come_in_every_form() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let csv = "name,price\nMug,1\n".as_bytes();
    for (disposition, name) in [
        ("name=file; filename=plain.csv", "plain.csv"),
        ("name=\"file\"; filename=\"Käse.csv\"", "Käse.csv"),
        ("name=\"file\"; filename=\"K%C3%A4se%22.csv\"", "Käse\".csv"),
        ("name=\"file\"; filename=\"100%.csv\"", "100%.csv"),
        (
            "name=\"file\"; filename=\"a \\\"b\\\"; c.csv\"",
            "a \"b\"; c.csv",
        ),
        (
            "name=\"file\"; filename=\"x.csv\"; filename*=UTF-8''K%C3%A4se.csv",
            "Käse.csv",
        ),
        (
            "filename*=iso-8859-1'de'K%E4se.csv; name=\"file\"",
            "Käse.csv",
        ),
        (
            "name=file; filename=\"=?utf-8?B?S8Okc2UuY3N2?=\"; filename*=utf-8''K%C3%A4se.csv",
            "Käse.csv",
        ),
        (
            "name=file; filename=\"=?utf-8?B?S8Okc2UuY3N2?=\"",
            "Käse.csv",
        ),
        (
            "name=\"file\"; filename=\"=?ISO-8859-1?Q?K=E4se_1?= =?utf-8?Q?.csv?=\"",
            "Käse 1.csv",
        ),
        (
            "name=\"file\"; filename*=UTF-8''..%2F..%2Fetc%2Fb.csv",
            "b.csv",
        ),
    ] {
        let reply = send(&seller, "?mode=create", &[part(disposition, csv)]).await;
        let job = ended(&seller, reply).await;
        assert_eq!(job["file_name"], name, "{disposition}");
    }
}

/// Red when: a form's text field is not the option of its name, wherever it stands, or one that
/// names no option costs the upload.
#[tokio::test]
async fn text_parts_are_options() {
    let daemon = TestDaemon::start().await;
    let csv = file("a.csv", ROWS);
    let map = text("map", "Cost=price");
    let others = [text("comment", "spring"), text("submit", "Send")].concat();
    for (seller, parts) in [
        ("before", vec![map.clone(), others.clone(), csv.clone()]),
        ("after", vec![csv.clone(), others.clone(), map.clone()]),
        (
            "both",
            vec![
                text("mode", "create"),
                text("decimal", ""),
                csv.clone(),
                map.clone(),
            ],
        ),
    ] {
        let seller = daemon.seller(seller);
        let reply = send(&seller, "?default=category%3DTea", &parts).await;
        let job = ended(&seller, reply).await;
        assert_eq!(counts(&job), [2, 0, 0, 0, 0]);
        assert_eq!(seller.products().await[0]["category"], "Tea");
    }
    let seller = daemon.seller("refused");
    let priceless = file("a.csv", "name,Cost\nMug,1.50\n");
    let reply = send(&seller, "", &[priceless]).await;
    reply.refused(400, "MISSING_COLUMNS");
    let parts = [csv.clone(), map.clone(), text("mode", "replace")];
    let details = send(&seller, "", &parts)
        .await
        .refused(400, "VALIDATION_ERROR");
    assert_eq!(details["field"], "mode");
    let parts = [text("mode", "create"), csv, map];
    let details = send(&seller, "?mode=upsert", &parts).await;
    let details = details.refused(400, "VALIDATION_ERROR");
    assert_eq!(details["constraint"], "duplicate");
    assert_eq!(seller.products().await, [] as [Value; 0]);
}

/// Red when: a large file's options are lost because they come after it.
#[tokio::test]
async fn options_after_a_large_file_count() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let mut large = String::from("name,Cost,notes\n");
    for row in 0..300 {
        large.push_str(&format!("Mug {row},1.50,{}\n", "x".repeat(5_000)));
    }
    let parts = [file("a.csv", &large), text("map", "Cost=price")];
    let job = ended(&seller, send(&seller, "", &parts).await).await;
    assert_eq!(counts(&job), [300, 0, 0, 0, 0]);
    let reply = send(&seller, "", &[file("a.csv", &large)]).await;
    reply.refused(400, "MISSING_COLUMNS");
}

/// Red when: a form without a file, or with a file under another name, is called something else.
#[tokio::test]
async fn forms_without_their_file_are_named() {
    let daemon = TestDaemon::start().await;
    let seller = daemon.seller("shop-1");
    let other = part("name=\"upload\"; filename=\"a.csv\"", ROWS.as_bytes());
    let unchosen = part("name=\"image\"; filename=\"\"", b"");
    for (parts, code) in [
        (vec![text("mode", "create")], "MISSING_FILE"),
        (vec![text("file", "sku,name")], "MISSING_FILE"),
        (vec![part("name=file; filename=\"\"", b"")], "MISSING_FILE"),
        (vec![unchosen.clone()], "MISSING_FILE"),
        (
            vec![text("mode", "create"), other.clone()],
            "INVALID_FILE_FIELD",
        ),
        (vec![file("a.csv", ROWS), other], "INVALID_FILE_FIELD"),
        (
            vec![file("a.csv", ROWS), file("b.csv", ROWS)],
            "INVALID_FILE_FIELD",
        ),
    ] {
        send(&seller, "", &parts).await.refused(400, code);
    }
    let parts = [unchosen, file("a.csv", ROWS), text("map", "Cost=price")];
    let job = ended(&seller, send(&seller, "", &parts).await).await;
    assert_eq!(counts(&job), [2, 0, 0, 0, 0]);
    let long = text("comment", &"x".repeat(100_000));
    let reply = send(&seller, "", &[long, file("a.csv", ROWS)]).await;
    reply.refused(413, "BODY_TOO_LARGE");
}

/// Red when: a tab-separated, text or compressed file is refused by its name, or read as it is packed.
#[tokio::test]
async fn other_kinds_of_files_are_taken_like_csv() {
    let daemon = TestDaemon::start().await;
    let tabs = "sku\tname\tprice\nA\tMug\t1.50\nB\tPot\t2.50\n".as_bytes();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(tabs).unwrap();
    let gz = gz.finish().unwrap();
    let zst = zstd::encode_all(tabs, 1).unwrap();
    for (name, kind, content) in [
        ("r.tsv", "text/tab-separated-values", tabs),
        ("r.TXT", "text/plain", tabs),
        ("r.csv.gz", "application/gzip", gz.as_slice()),
        ("r.zst", "application/octet-stream", zst.as_slice()),
        ("export", "text/tab-separated-values", tabs),
    ] {
        let seller = daemon.seller(&format!("form-{name}"));
        let head = format!(
            "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        );
        let part = [head.as_bytes(), content, b"\r\n"].concat();
        let job = ended(&seller, send(&seller, "", &[part]).await).await;
        assert_eq!(counts(&job), [2, 0, 0, 0, 0], "{name} in a form");
        assert_eq!(job["file_name"], name);
        let seller = daemon.seller(&format!("raw-{name}"));
        let path = format!("{IMPORT}?file_name={name}");
        let reply = seller.post_text(&path, kind, content.to_vec()).await;
        let job = ended(&seller, reply).await;
        assert_eq!(counts(&job), [2, 0, 0, 0, 0], "{name} as a body");
        assert_eq!(job["bytes_total"], json!(tabs.len()));
    }
    let seller = daemon.seller("refused");
    let raw = |kind: &'static str, content: &[u8]| {
        let content = content.to_vec();
        let seller = &seller;
        async move { seller.post_text(IMPORT, kind, content).await }
    };
    raw("text/plain", tabs)
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    for cut in [&gz[..gz.len() - 9], &zst[..zst.len() - 3]] {
        raw("text/csv", cut).await.refused(400, "VALIDATION_ERROR");
    }
}

/// Red when: a small packed file becomes a large one that nobody counts.
#[tokio::test]
async fn a_packed_file_is_as_large_as_what_is_in_it() {
    let daemon = TestDaemon::with(&[("IMPORT_MAX_BYTES", "1000000")]).await;
    let seller = daemon.seller("shop-1");
    let large = format!("name,price\n{}", "Mug,1.50\n".repeat(200_000));
    let zst = zstd::encode_all(large.as_bytes(), 3).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(large.as_bytes()).unwrap();
    for packed in [zst, gz.finish().unwrap()] {
        assert!(packed.len() < 10_000);
        seller
            .post_text(IMPORT, "text/csv", packed)
            .await
            .refused(413, "FILE_TOO_LARGE");
    }
}
