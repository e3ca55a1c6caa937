//! Requests that are refused before they reach a route: what is wrong with their first lines is
//! said in the shape of every other error, and under the caller's own request id.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{DEADLINE, TestDaemon};

/// An id that the caller gives its request.
const OWN_ID: &str = "till-4:0017";

/// Sends these pieces one after the other, and reads until the server closes the connection.
async fn until_closed(daemon: &TestDaemon, pieces: &[&[u8]]) -> String {
    let place = daemon.url.trim_start_matches("http://");
    let stream = TcpStream::connect(place).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let send = async {
        for piece in pieces {
            // The server may have heard enough.
            if writing.write_all(piece).await.is_err() {
                break;
            }
        }
        writing
    };
    let mut answered = Vec::new();
    let both = async {
        let (_writing, read) = tokio::join!(send, reading.read_to_end(&mut answered));
        read
    };
    let read = tokio::time::timeout(DEADLINE, both).await;
    read.expect("the connection is closed")
        .expect("it is closed without a reset");
    String::from_utf8(answered).unwrap()
}

/// Makes sure that an answer is this error with everything that every error has; answers its
/// request id.
#[track_caller]
pub(crate) fn refused(answer: &str, status: u16, code: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(
        head.starts_with(&format!("HTTP/1.1 {status} ")),
        "not {status}:\n{answer}"
    );
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    };
    assert_eq!(header("content-type"), Some("application/json"), "{answer}");
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert_eq!(header("content-length"), Some(&*body.len().to_string()));
    let body: Value = serde_json::from_str(body).expect("a JSON body");
    assert_eq!(body["error_code"], code, "{body}");
    assert!(body["message"].as_str().unwrap().len() > 5, "{body}");
    assert!(body["error"].is_string(), "{body}");
    header("x-request-id").expect("a request id").to_owned()
}

/// Heads that are no HTTP, each with what is wrong after the caller's id.
fn broken_heads() -> Vec<String> {
    let head = |line: &str, fields: &str| {
        format!("{line}\r\nHost: localhost\r\nX-Request-Id: {OWN_ID}\r\n{fields}\r\n")
    };
    let get = "GET /health/live HTTP/1.1";
    vec![
        head("GET /health/live HTTP/9.9", ""),
        head("GET /he alth HTTP/1.1", ""),
        head("GET /\x7f HTTP/1.1", ""),
        head("GET http://[::1/health HTTP/1.1", ""),
        head("G(T /health/live HTTP/1.1", ""),
        head(get, "no colon\r\n"),
        head(get, "Na me: value\r\n"),
        head(get, "Name : value\r\n"),
        head(get, "Name: a\0b\r\n"),
        head(get, "Content-Length: five\r\n"),
        head(get, "Content-Length: 1\r\nContent-Length: 2\r\n"),
        head(get, "Content-Length: 99999999999999999999\r\n"),
        head(get, "Transfer-Encoding: gzip\r\n"),
    ]
}

/// Red when: hyper's own answer goes out, which has neither a body nor an id.
#[tokio::test]
async fn what_is_no_http_is_refused_like_everything_else() {
    let daemon = TestDaemon::start().await;
    for head in broken_heads() {
        let answer = until_closed(&daemon, &[head.as_bytes()]).await;
        assert_eq!(refused(&answer, 400, "VALIDATION_ERROR"), OWN_ID, "{head}");
    }
    for other in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = until_closed(&daemon, &[other]).await;
        assert!(refused(&answer, 400, "VALIDATION_ERROR").len() >= 16);
    }
}

/// A client that is still sending gets to read why it is refused.
///
/// Red when: hyper's own answer goes out; the connection is closed while bytes come in; an address
/// that is too long is called a field.
#[tokio::test]
async fn what_is_too_long_is_refused_and_its_sender_reads_it() {
    let daemon = TestDaemon::start().await;
    let fields = |fields: &str| {
        format!(
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {OWN_ID}\r\n{fields}\r\n"
        )
    };
    let many: String = (0..150).map(|n| format!("X-{n}: v\r\n")).collect();
    for head in [
        fields(&many),
        fields(&format!("X-Long: {}\r\n", "x".repeat(100_000))),
        fields(&format!("X-Long: {}\r\n", "x".repeat(900_000))),
    ] {
        let answer = until_closed(&daemon, &[head.as_bytes()]).await;
        assert_eq!(refused(&answer, 431, "HEADERS_TOO_LARGE"), OWN_ID);
    }
    for length in [66_000, 900_000] {
        let line = format!("GET /api/products?q={}", "x".repeat(length));
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = until_closed(&daemon, &[head.as_bytes()]).await;
        refused(&answer, 414, "URI_TOO_LONG");
    }
}

/// Red when: `Host` is not looked at before the route.
#[tokio::test]
async fn a_request_names_one_host() {
    let daemon = TestDaemon::start().await;
    for hosts in [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: a b\r\n",
        "Host: \r\n",
        "Host: localhost:port\r\n",
        "Host: user@localhost\r\n",
    ] {
        for path in [
            "http://localhost/health/live",
            "/health/live",
            "/api/products",
            "/docs",
            "/nothing",
        ] {
            let head = format!(
                "GET {path} HTTP/1.1\r\n{hosts}X-Request-Id: {OWN_ID}\r\nConnection: close\r\n\r\n"
            );
            let answer = until_closed(&daemon, &[head.as_bytes()]).await;
            assert_eq!(refused(&answer, 400, "VALIDATION_ERROR"), OWN_ID, "{head}");
        }
    }
}

/// However a connection's bytes are cut, and whatever was answered on it before.
///
/// Red when: only a connection's first request is looked after, or a request is taken for another
/// one whose answer is on its way.
#[tokio::test]
async fn a_later_request_of_a_connection_is_refused_alike() {
    let daemon = TestDaemon::start().await;
    let good = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: first\r\n\r\n";
    let body = "{\"name\":\"Mug\",\"price\":1,\"quantity\":1,\"category\":\"c\"}";
    let post = format!(
        "POST /api/products HTTP/1.1\r\nHost: localhost\r\nX-Seller-Id: s\r\nX-Request-Id: first\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let document = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: first\r\n\r\n";
    for broken in broken_heads() {
        for before in [good, &post, document] {
            let both = format!("{before}{broken}");
            let answer = until_closed(&daemon, &[both.as_bytes()]).await;
            // A heading of its own: the answer to the first request may contain anything.
            let at = answer.rfind("HTTP/1.1 400 ").expect("a second answer");
            refused(&answer[at..], 400, "VALIDATION_ERROR");
            assert!(answer[..at].starts_with("HTTP/1.1 20"), "{answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
        }
        let split: Vec<_> = broken.as_bytes().chunks(7).collect();
        let answer = until_closed(&daemon, &split).await;
        let id = refused(&answer, 400, "VALIDATION_ERROR");
        // A first line is refused before the id is there.
        let is_field = broken.starts_with("GET /health/live HTTP/1.1\r\n");
        assert!(id == OWN_ID || !is_field, "{id}: {broken}");
    }
    daemon.get("/health").await.expect(200);
}

/// What is HTTP and yet for no route is answered by the routes' own refusals.
#[tokio::test]
async fn other_forms_of_an_address_are_answered() {
    let daemon = TestDaemon::start().await;
    for (line, status, code) in [
        ("CONNECT localhost:443", 404, "NOT_FOUND"),
        ("GET http://localhost/nothing", 404, "NOT_FOUND"),
        ("BREW /health/live", 405, "METHOD_NOT_ALLOWED"),
    ] {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {OWN_ID}\r\nConnection: close\r\n\r\n"
        );
        let answer = until_closed(&daemon, &[head.as_bytes()]).await;
        assert_eq!(refused(&answer, status, code), OWN_ID, "{line}");
    }
}
