//! Requests whose first lines are no HTTP, too long, or late: hyper gives them up before any layer sees
//! them, and answers some of them by itself, with a bare status. They get the body and the headers of
//! every other error instead.
//!
//! hyper's own answer is the last thing it writes on a connection, and the only one without a request
//! id: it is recognised on its way to the socket and held back, then this is written.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink},
    time::timeout,
};

use super::{
    error::ApiError,
    request_id::{self, ID_HEADER},
};

/// hyper's own answer is no longer than this.
const MAX_OWN_ANSWER: usize = 256;
/// How much of a head is kept for its request id.
const MAX_HEAD_COPY: usize = 8 * 1024;
/// Largest body of an error.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// How much is read on after the answer, so that a client that is still sending gets to read it.
const MAX_READ_ON: u64 = 4 * 1024 * 1024;
/// How long it is read on.
const READ_ON_TIME: Duration = Duration::from_secs(2);

/// Where an answer of hyper's own begins at the end of these bytes, and its status.
pub(super) fn own_answer(written: &[u8]) -> Option<(usize, StatusCode)> {
    let tail = written.len().saturating_sub(MAX_OWN_ANSWER);
    let end = written.get(tail..)?.strip_suffix(b"\r\n\r\n")?;
    let at = end.windows(9).rposition(|bytes| bytes == b"HTTP/1.1 ");
    let at = at.or_else(|| end.windows(9).rposition(|bytes| bytes == b"HTTP/1.0 "))?;
    let head = std::str::from_utf8(end.get(at..)?).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.get(9..12)?.parse::<StatusCode>().ok()?;
    let ours = |line: &str| {
        !line
            .split(':')
            .next()
            .is_some_and(|name| OWN_FIELDS.contains(&name))
    };
    (status.is_client_error() && !lines.any(ours)).then_some((tail + at, status))
}

/// All that is in an answer of hyper's own.
const OWN_FIELDS: [&str; 3] = ["connection", "content-length", "date"];

/// The beginning of the head that is being read, for the request id in it.
#[derive(Debug, Default)]
pub(super) struct HeadCopy {
    /// The turn of the connection in which it was read.
    turn: u64,
    bytes: Vec<u8>,
}

impl HeadCopy {
    /// The client has sent this while no request was worked on.
    pub(super) fn read(&mut self, turn: u64, bytes: &[u8]) {
        if self.turn != turn {
            self.turn = turn;
            self.bytes.clear();
        }
        let room = MAX_HEAD_COPY - self.bytes.len();
        self.bytes.extend(bytes.iter().take(room));
    }

    /// The request id of a head that is given up in this turn; `unread` is what hyper has left of it.
    pub(super) fn request_id(&self, turn: u64, unread: &[u8]) -> HeaderValue {
        let own = (self.turn == turn).then(|| named_id(&self.bytes)).flatten();
        own.or_else(|| named_id(unread))
            .unwrap_or_else(request_id::fresh)
    }
}

/// The id that a head names.
fn named_id(head: &[u8]) -> Option<HeaderValue> {
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let at = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(at)?;
            let is_id = name.eq_ignore_ascii_case(ID_HEADER.as_str().as_bytes());
            let value = value.get(1..)?.trim_ascii();
            is_id.then(|| request_id::fit(value)).flatten()
        })
}

/// Why a connection's last request got no answer from a route; `None` if there is nothing to say.
/// `ended` is `None` when its head was waited for no longer; `unread` is what hyper has left of it.
pub(super) fn refusal(
    ended: Option<&hyper::Result<()>>,
    own: Option<StatusCode>,
    unread: &[u8],
) -> Option<ApiError> {
    match (own, ended) {
        (Some(StatusCode::URI_TOO_LONG), _) => Some(ApiError::UriTooLong),
        (Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE), _) => {
            let line = unread.iter().position(|byte| *byte == b'\n');
            let is_line = line.unwrap_or(unread.len()) > unread.len() / 2;
            Some(if is_line {
                ApiError::UriTooLong
            } else {
                ApiError::HeadersTooLarge
            })
        }
        (Some(_), _) => Some(not_http()),
        (None, Some(Err(error))) if error.is_parse() => Some(not_http()),
        (None, Some(Err(error))) if error.is_timeout() => late(unread),
        (None, None) => late(unread),
        (None, Some(_)) => None,
    }
}

/// A connection that was merely idle is closed without a word.
fn late(unread: &[u8]) -> Option<ApiError> {
    (!unread.is_empty()).then_some(ApiError::RequestTimeout)
}

fn not_http() -> ApiError {
    ApiError::invalid("request", "syntax", "is not valid HTTP/1.1", "")
}

/// Answers, and closes the connection.
pub(super) async fn say(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    refusal: ApiError,
    id: HeaderValue,
) {
    let mut response = refusal.into_response();
    request_id::mark(response.headers_mut(), id);
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_ERROR_BYTES).await;
    let body = body.unwrap_or_default();
    let mut text = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let (length, connection) = (header::CONTENT_LENGTH, header::CONNECTION);
    let rest = format!("{length}: {}\r\n{connection}: close\r\n\r\n", body.len());
    text.extend_from_slice(rest.as_bytes());
    text.extend_from_slice(&body);
    // The client may be gone already.
    if socket.write_all(&text).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    // Closing a socket with unread bytes resets it, and the answer is lost.
    let mut rest = socket.take(MAX_READ_ON);
    let _ = timeout(READ_ON_TIME, copy(&mut rest, &mut sink())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\
        date: Wed, 25 Nov 2026 20:00:00 GMT\r\n\r\n";

    /// Red when: an answer of a route is held back, or hyper's own one is not.
    #[test]
    fn only_what_hyper_wrote_by_itself_is_recognised() {
        let status = |text: &str| own_answer(text.as_bytes());
        assert_eq!(status(OWN), Some((0, StatusCode::BAD_REQUEST)));
        let after = format!("HTTP/1.1 200 OK\r\nx-request-id: 1\r\n\r\nbody{OWN}");
        assert_eq!(
            status(&after),
            Some((after.len() - OWN.len(), StatusCode::BAD_REQUEST))
        );
        let late = OWN.replace("400 Bad Request", "431 Request Header Fields Too Large");
        assert_eq!(
            status(&late),
            Some((0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE))
        );
        for other in [
            "",
            "HTTP/1.1 100 Continue\r\n\r\n",
            &OWN.replace("date:", "x-request-id: 1\r\ndate:"),
            &OWN.replace("400 Bad Request", "200 OK"),
            &format!("{OWN}0\r\n\r\n"),
            &format!("{OWN}\r\n"),
            OWN.trim_end(),
        ] {
            assert_eq!(status(other), None, "{other}");
        }
    }

    #[test]
    fn the_id_is_the_one_of_the_head_that_is_given_up() {
        let named =
            |head: &str| named_id(head.as_bytes()).map(|id| id.to_str().unwrap().to_owned());
        let head = "GET / HTTP/1.1\r\nX-REQUEST-ID:  a b \r\nother\r\n\r\n";
        assert_eq!(named(head).as_deref(), Some("a b"));
        assert_eq!(named(&format!("\r\n\n{head}")).as_deref(), Some("a b"));
        assert_eq!(named("GET / HTTP/1.1\r\n\r\nx-request-id: body"), None);
        assert_eq!(named("GET / HTTP/1.1\r\nx-request-id: \u{1}\r\n"), None);
        let mut copy = HeadCopy::default();
        copy.read(2, b"GET / HTTP/1.1\r\nx-requ");
        copy.read(2, b"est-id: own\r\n");
        assert_eq!(copy.request_id(2, b""), "own");
        assert_ne!(copy.request_id(4, b""), "own");
        assert_eq!(copy.request_id(4, b"x\nx-request-id: left\n"), "left");
    }
}
