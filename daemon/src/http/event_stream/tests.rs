//! A stream against the embedded inbox and feed.

use std::time::Duration;

use pm_common::{config::Config, domain::record::LOG_RETENTION};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::app::App;

/// An app on a directory of its own, and a seller.
struct StreamFixture {
    http: Arc<HttpState>,
    seller: SellerId,
    _dir: TempDir,
}

impl StreamFixture {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().to_str().unwrap().to_owned();
        let config = Config::from_lookup(|name| (name == "PMD_DATA_DIR").then(|| path.clone()));
        let app = App::connect(config.unwrap()).await.unwrap();
        Self {
            http: Arc::new(HttpState::new(app, CancellationToken::new())),
            seller: SellerId::parse("s").unwrap(),
            _dir: dir,
        }
    }

    async fn open(&self, last: Option<i64>) -> StreamReader {
        let stream = EventStream::open(Arc::clone(&self.http), self.seller.clone(), last).await;
        StreamReader {
            stream: stream.unwrap(),
            text: String::new(),
        }
    }

    async fn put(&self, notification: &Notification) {
        let inbox = &self.http.app.inbox;
        inbox
            .notifications_put(&[Arc::new(notification.clone())])
            .await
            .unwrap();
    }

    async fn publish(&self, notification: &Notification) {
        let feed = &self.http.app.feed;
        let published = Arc::new(notification.clone());
        feed.publish(&[published]).await.unwrap();
    }

    async fn store_and_publish(&self, notification: &Notification) {
        self.put(notification).await;
        self.publish(notification).await;
    }

    fn notification(&self, kind: NotificationKind, first: i64, sequence: i64) -> Notification {
        Notification {
            id: format!("s-{sequence}"),
            seller_id: self.seller.clone(),
            kind,
            message: "changed".into(),
            data: json!({"importId": "imp_1"}),
            timestamp: clock::now().millis(),
            read: false,
            sequence,
            first_sequence: (first < sequence).then_some(first),
            settled_from: None,
        }
    }

    fn created(&self, sequence: i64) -> Notification {
        self.notification(NotificationKind::ProductCreated, sequence, sequence)
    }

    fn progress(&self, first: i64, sequence: i64) -> Notification {
        self.notification(NotificationKind::ImportProgress, first, sequence)
    }
}

/// A client of a stream.
struct StreamReader {
    stream: EventStream,
    text: String,
}

impl StreamReader {
    /// Reads until a frame has this id; answers the ids so far, the first frame's among them.
    async fn ids_until(&mut self, last: i64) -> Vec<i64> {
        let deadline = Duration::from_secs(10);
        while self.ids().last() != Some(&last) {
            let chunk = timeout(deadline, self.stream.next()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {last} in\n{}", self.text));
            let chunk = chunk.expect("the stream ended");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        self.ids()
    }

    fn ids(&self) -> Vec<i64> {
        let ids = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("id: "));
        ids.map(|id| id.parse().unwrap()).collect()
    }
}

#[tokio::test]
async fn replays_then_goes_live_without_repeating() {
    let fixture = StreamFixture::new().await;
    for sequence in 1..=600 {
        fixture.put(&fixture.created(sequence)).await;
    }
    let mut client = fixture.open(Some(0)).await;
    client.ids_until(600).await;
    fixture.store_and_publish(&fixture.created(601)).await;
    fixture.publish(&fixture.created(601)).await;
    fixture.publish(&fixture.created(7)).await;
    fixture.store_and_publish(&fixture.created(602)).await;
    let ids = client.ids_until(602).await;
    assert_eq!(ids, (0..=602).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_fresh_stream_starts_with_what_comes() {
    let fixture = StreamFixture::new().await;
    fixture.put(&fixture.created(1)).await;
    let mut client = fixture.open(None).await;
    fixture.store_and_publish(&fixture.created(2)).await;
    assert_eq!(client.ids_until(2).await, [1, 2]);
}

#[tokio::test]
async fn what_the_feed_lost_or_swapped_comes_in_order() {
    let fixture = StreamFixture::new().await;
    let mut client = fixture.open(Some(0)).await;
    fixture.put(&fixture.created(1)).await;
    fixture.store_and_publish(&fixture.created(2)).await;
    assert_eq!(client.ids_until(2).await, [0, 1, 2]);
    fixture.store_and_publish(&fixture.created(4)).await;
    fixture.store_and_publish(&fixture.created(5)).await;
    let hole = timeout(Duration::from_millis(50), client.stream.next()).await;
    assert!(hole.is_err(), "sent past a hole");
    fixture.store_and_publish(&fixture.created(3)).await;
    assert_eq!(client.ids_until(5).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn lost_history_is_a_gap() {
    let fixture = StreamFixture::new().await;
    let old = Notification {
        timestamp: clock::now().minus(LOG_RETENTION * 2).millis(),
        ..fixture.created(8)
    };
    fixture.put(&old).await;
    let mut client = fixture.open(Some(2)).await;
    assert_eq!(client.ids_until(8).await, [2, 7, 8]);
    let gap = "event: gap\nid: 7\ndata: {\"from\":3,\"to\":7}\n\n";
    assert!(client.text.contains(gap), "{}", client.text);
}

/// An id that was never sent: the data was reset, and the client is not left waiting.
#[tokio::test]
async fn an_unknown_place_starts_anew() {
    let fixture = StreamFixture::new().await;
    fixture.put(&fixture.created(1)).await;
    let mut client = fixture.open(Some(500)).await;
    fixture.store_and_publish(&fixture.created(2)).await;
    assert_eq!(client.ids_until(2).await, [1, 2]);
    assert!(client.text.contains("starts anew after event 1"));
    assert!(!client.text.contains("event: gap"), "{}", client.text);
}

/// Where nothing is kept any more, the first to come says where the sequence is.
#[tokio::test]
async fn an_empty_history_holds_nothing_up() {
    for (last, before) in [
        (None, "id: 0\n"),
        (Some(900), "data: {\"from\":901,\"to\":1000}\n\n"),
        (Some(1000), "id: 1000\n"),
        (Some(5000), "id: 5000\n"),
    ] {
        let fixture = StreamFixture::new().await;
        let mut client = fixture.open(last).await;
        client.ids_until(last.unwrap_or(0)).await;
        // Put in two steps, the later one first: it is not sent before the rest is there.
        fixture.store_and_publish(&fixture.created(1002)).await;
        let first = Notification {
            settled_from: Some(1),
            ..fixture.created(1001)
        };
        fixture.store_and_publish(&first).await;
        let ids = client.ids_until(1002).await;
        assert_eq!(ids[ids.len() - 2..], [1001, 1002], "{last:?}");
        assert!(client.text.contains(before), "{}", client.text);
        let gaps = client.text.matches("event: gap").count();
        assert_eq!(gaps, usize::from(last == Some(900)), "{}", client.text);
    }
}

#[tokio::test]
async fn progress_is_joined_and_the_end_waits_for_it() {
    let fixture = StreamFixture::new().await;
    let mut client = fixture.open(None).await;
    fixture.store_and_publish(&fixture.progress(1, 10)).await;
    assert_eq!(client.ids_until(10).await, [0, 10]);
    fixture.store_and_publish(&fixture.progress(11, 20)).await;
    fixture.store_and_publish(&fixture.progress(21, 30)).await;
    let end = fixture.notification(NotificationKind::ImportCompleted, 31, 31);
    fixture.store_and_publish(&end).await;
    assert_eq!(client.ids_until(31).await, [0, 10, 30, 31]);
    assert!(client.text.contains("\"sequence\":30,\"firstSequence\":11"));
}

#[tokio::test]
async fn news_of_a_product_do_not_wait_for_progress() {
    let fixture = StreamFixture::new().await;
    let mut client = fixture.open(None).await;
    for (first, last) in [(1, 5), (7, 9), (11, 14)] {
        fixture
            .store_and_publish(&fixture.progress(first, last))
            .await;
        fixture.store_and_publish(&fixture.created(last + 1)).await;
    }
    let ids = client.ids_until(15).await;
    assert_eq!(ids, [0, 5, 6, 9, 10, 14, 15]);
}

#[tokio::test]
async fn a_place_within_a_report_gets_the_rest_of_it() {
    let fixture = StreamFixture::new().await;
    fixture.put(&fixture.progress(1, 10)).await;
    let mut client = fixture.open(Some(4)).await;
    assert_eq!(client.ids_until(10).await, [4, 10]);
    assert!(client.text.contains("\"sequence\":10,\"firstSequence\":5"));
}

#[tokio::test]
async fn the_end_of_the_server_ends_the_stream() {
    let fixture = StreamFixture::new().await;
    let mut client = fixture.open(None).await;
    assert!(client.stream.next().await.is_some());
    fixture.http.shutdown.cancel();
    assert!(client.stream.next().await.is_none());
}

/// Red when: a stream waits for what an interrupted put never wrote, although a later notification
/// says that it is lost.
#[tokio::test]
async fn what_a_later_one_settles_is_a_gap() {
    let fixture = StreamFixture::new().await;
    fixture.put(&fixture.created(4)).await;
    let later = Notification {
        settled_from: Some(2),
        ..fixture.created(5)
    };
    fixture.put(&later).await;
    let mut client = fixture.open(Some(1)).await;
    assert_eq!(client.ids_until(5).await, [1, 3, 4, 5]);
}

/// Red when: a page is as many notifications as it may be, however long they are.
#[tokio::test]
async fn a_look_at_the_inbox_is_bounded_in_bytes() {
    const LENGTH: usize = 40_000;
    let fixture = StreamFixture::new().await;
    for sequence in 1..=60 {
        let mut long = fixture.created(sequence);
        long.message = "x".repeat(LENGTH);
        fixture.put(&long).await;
    }
    let request = InboxRequest {
        after: 0,
        limit: MAX_PAGE,
        kind: None,
        most_bytes: MAX_PAGE_BYTES,
    };
    let inbox = &*fixture.http.app.inbox;
    let page = InboxPage::read(inbox, &fixture.seller, request)
        .await
        .unwrap();
    assert!(
        page.is_full && page.notifications.len() <= 16,
        "{}",
        page.notifications.len()
    );
    let last = InboxRequest {
        after: 55,
        ..request
    };
    let page = InboxPage::read(inbox, &fixture.seller, last).await.unwrap();
    assert!(!page.is_full && page.notifications.len() == 5);
    let mut reader = fixture.open(Some(0)).await;
    reader.ids_until(60).await;
}
