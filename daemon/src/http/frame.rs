//! The bytes of an event stream. Ids are generated digits and data is JSON on one line, so nothing
//! a seller writes can break a frame.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use pm_common::domain::{clock::Timestamp, notification::Notification, seller::SellerId};
use serde_json::json;

use super::resume_point::ResumePoint;
use pm_common::unpoisoned::unpoisoned;

/// A comment that keeps proxies from closing a quiet stream.
pub(super) const HEARTBEAT_COMMENT: &str = ": heartbeat\n\n";

/// The first frame, the only one without a name.
pub(super) fn connected(seller: &SellerId, point: &ResumePoint, now: Timestamp) -> String {
    let data = json!({
        "type": "connected",
        "sellerId": seller,
        "timestamp": now.millis(),
        "message": point.message,
    });
    format!("id: {}\ndata: {data}\n\n", point.cursor)
}

/// History is lost: the events `from..=to` will not come.
pub(super) fn gap(from: i64, to: i64) -> String {
    let data = json!({ "from": from, "to": to });
    format!("event: gap\nid: {to}\ndata: {data}\n\n")
}

/// A notification; after the end of an import, the frames without an id for older clients.
pub(super) fn notification(notification: &Notification) -> String {
    let mut text = String::with_capacity(512);
    write_frame(&mut text, notification, Some(notification.sequence));
    for courtesy in notification.courtesies() {
        write_frame(&mut text, &courtesy, None);
    }
    text
}

fn write_frame(text: &mut String, notification: &Notification, id: Option<i64>) {
    let name = notification.kind.as_str();
    // A notification is plain JSON, and writing to a text cannot fail.
    let data = serde_json::to_string(&*notification.shown()).unwrap_or_default();
    let _ = match id {
        Some(id) => write!(text, "event: {name}\nid: {id}\ndata: {data}\n\n"),
        None => write!(text, "event: {name}\ndata: {data}\n\n"),
    };
}

/// Frames formatted last, so that many clients of a seller share the work. A notification is
/// recognised by its place in memory, which stays taken while it is remembered.
#[derive(Debug)]
pub(super) struct FrameCache([Mutex<Option<FormattedFrame>>; Self::SLOT_COUNT]);

#[derive(Debug)]
struct FormattedFrame {
    source: Arc<Notification>,
    bytes: Bytes,
}

impl FrameCache {
    const SLOT_COUNT: usize = 64;

    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(None)))
    }

    /// The frame of a notification.
    pub(super) fn of(&self, source: &Arc<Notification>) -> Bytes {
        let place = usize::try_from(source.sequence).unwrap_or(0) % Self::SLOT_COUNT;
        let Some(slot) = self.0.get(place) else {
            return notification(source).into();
        };
        let mut slot = unpoisoned(slot.lock());
        match &*slot {
            Some(known) if Arc::ptr_eq(&known.source, source) => known.bytes.clone(),
            _ => {
                let bytes = Bytes::from(notification(source));
                *slot = Some(FormattedFrame {
                    source: Arc::clone(source),
                    bytes: bytes.clone(),
                });
                bytes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pm_common::domain::notification::NotificationKind;

    use super::*;

    fn sample(kind: NotificationKind, data: serde_json::Value) -> Notification {
        Notification {
            id: "s-7-x-1".into(),
            seller_id: SellerId::parse("s").unwrap(),
            kind,
            message: "Product \"a\r\nid: 9\" was created".into(),
            data,
            timestamp: 5,
            read: false,
            sequence: 12,
            first_sequence: None,
            settled_from: None,
        }
    }

    #[test]
    fn a_frame_is_three_lines_whatever_it_says() {
        let text = notification(&sample(
            NotificationKind::ProductCreated,
            json!({"name": "x\ny"}),
        ));
        let lines: Vec<_> = text.split('\n').collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert_eq!(lines[..2], ["event: ProductCreated", "id: 12"]);
        assert!(lines[2].starts_with("data: {\"id\":\"s-7-x-1\"") && !text.contains('\r'));
    }

    #[test]
    fn an_import_ends_with_frames_without_an_id() {
        let data = json!({"importId": "imp_1", "fileName": "p.csv", "lowStock": {"count": 2}});
        let text = notification(&sample(NotificationKind::ImportCompleted, data));
        let named: Vec<_> = text.lines().filter(|l| l.starts_with("event: ")).collect();
        let expected = [
            "event: ImportCompleted",
            "event: ProductCreated",
            "event: LowStockWarning",
        ];
        assert_eq!(named, expected);
        assert_eq!(text.matches("\nid: ").count(), 1);
    }

    #[test]
    fn the_first_frame_is_unnamed() {
        let seller = SellerId::parse("seller-1").unwrap();
        let point = ResumePoint {
            cursor: 41,
            position_unknown: false,
            message: "Hello".into(),
        };
        let text = connected(&seller, &point, Timestamp::from_millis(7));
        assert!(text.starts_with("id: 41\ndata: {") && !text.contains("event:"));
        assert!(
            text.contains("\"type\":\"connected\"") && text.contains("\"sellerId\":\"seller-1\"")
        );
        assert_eq!(
            gap(3, 9),
            "event: gap\nid: 9\ndata: {\"from\":3,\"to\":9}\n\n"
        );
    }

    #[test]
    fn frames_are_shared_and_never_mixed_up() {
        let frames = FrameCache::new();
        let one = Arc::new(sample(NotificationKind::ProductCreated, json!({"n": 1})));
        let other = Arc::new(sample(NotificationKind::ProductCreated, json!({"n": 2})));
        let first = frames.of(&one);
        assert_eq!(first.as_ptr(), frames.of(&one).as_ptr());
        assert_ne!(frames.of(&other), first);
        assert_eq!(frames.of(&one), first);
    }
}
