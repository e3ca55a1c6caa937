//! The event stream as a conversation that survives its connections.
//!
//! A tail keeps the sequence it has read up to, reconnects with a growing pause when the stream
//! ends, breaks or falls silent, and resumes after that sequence. It checks that nothing is
//! missing and says so when something is. A server whose events end before that sequence (it was
//! restored, or is another one) is reported, and the tail goes on from the server's position.
//! Frames without an id (courtesies to older clients) are left out: by the rules of event streams
//! they inherit the id before them, which was reported already.

use std::{pin::Pin, time::Duration};

use eventsource_stream::{Event, Eventsource};
use futures_util::{Stream, StreamExt};
use serde_json::Value;

use super::{Client, Result};
use crate::{backoff::Backoff, domain::notification::Notification};

/// The server sends a heartbeat every 30 s; a stream that is silent for longer is dead.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(45);
const FIRST_RECONNECT_PAUSE: Duration = Duration::from_millis(500);
const MAX_RECONNECT_PAUSE: Duration = Duration::from_secs(30);

/// Where a tail starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStart {
    /// Only what comes from now on.
    Newest,
    /// Everything that is kept after this sequence; 0 for all.
    After(i64),
}

/// What a tail reports.
#[derive(Debug)]
pub enum TailItem {
    /// The stream is open; everything up to the cursor is known.
    Connected,
    /// The server does not know the event that the tail resumes after; the tail goes on after the
    /// server's newest.
    CursorAhead {
        cursor: i64,
        newest: i64,
    },
    Notification(Box<Notification>),
    /// These sequences are lost to this reader.
    Gap {
        from: i64,
        to: i64,
    },
    /// The stream broke; the next call waits this long and connects again.
    Lost {
        reason: String,
        wait: Duration,
    },
}

type FrameStream = Pin<Box<dyn Stream<Item = Result<Event, String>> + Send>>;

/// A reader of one seller's events.
pub struct EventTail {
    client: Client,
    cursor: Option<i64>,
    frames: Option<FrameStream>,
    /// Set between a loss and the next attempt.
    pause: Option<Duration>,
    /// Grows until the next event.
    backoff: Backoff,
    was_connected: bool,
    /// The server's newest event is not yet known.
    is_position_open: bool,
    /// A notification that has to wait because a gap before it is reported first.
    held: Option<Box<Notification>>,
}

impl std::fmt::Debug for EventTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tail")
            .field("cursor", &self.cursor)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}

impl EventTail {
    /// A tail that connects on the first call of [`EventTail::next`].
    pub fn new(client: Client, from: StreamStart) -> Self {
        Self {
            client,
            cursor: match from {
                StreamStart::Newest => None,
                StreamStart::After(sequence) => Some(sequence),
            },
            frames: None,
            pause: None,
            backoff: Backoff::new(FIRST_RECONNECT_PAUSE, MAX_RECONNECT_PAUSE),
            was_connected: false,
            is_position_open: false,
            held: None,
        }
    }

    /// The last sequence that was reported; `None` before the first connection of a fresh tail.
    pub const fn cursor(&self) -> Option<i64> {
        self.cursor
    }

    /// Connects and gives the newest sequence there is.
    ///
    /// # Errors
    /// As [`EventTail::next`].
    pub async fn opened(&mut self) -> Result<i64> {
        loop {
            if let Some(cursor) = self.cursor {
                return Ok(cursor);
            }
            self.step().await?;
        }
    }

    /// Waits for the next item.
    ///
    /// # Errors
    /// When the first connection fails, or the server refuses for good (not for being away).
    pub async fn next(&mut self) -> Result<TailItem> {
        loop {
            if let Some(item) = self.step().await? {
                return Ok(item);
            }
        }
    }

    /// One frame, one connection or one loss.
    async fn step(&mut self) -> Result<Option<TailItem>> {
        if let Some(notification) = self.held.take() {
            return Ok(Some(self.report(notification)));
        }
        let Some(frames) = &mut self.frames else {
            return self.connect().await;
        };
        let reason = match frames.next().await {
            Some(Ok(event)) => return Ok(self.take(&event)),
            Some(Err(reason)) => reason,
            None => "the server ended the stream".to_owned(),
        };
        self.frames = None;
        Ok(Some(self.lost(reason, None)))
    }

    /// The greeting reports that the stream is open.
    async fn connect(&mut self) -> Result<Option<TailItem>> {
        if let Some(pause) = self.pause.take() {
            tokio::time::sleep(pause).await;
        }
        match self.client.event_stream(self.cursor).await {
            Ok(answer) => {
                self.was_connected = true;
                self.frames = Some(watched(answer));
                Ok(None)
            }
            Err(error) if self.was_connected && error.is_passing() => {
                Ok(Some(self.lost(error.to_string(), error.retry_after())))
            }
            Err(error) => Err(error),
        }
    }

    fn lost(&mut self, reason: String, asked: Option<Duration>) -> TailItem {
        let wait = self.backoff.next_pause_or(asked);
        self.pause = Some(wait);
        TailItem::Lost { reason, wait }
    }

    /// What a frame says, if anything; moves the cursor.
    fn take(&mut self, event: &Event) -> Option<TailItem> {
        self.backoff.reset();
        if event.event == "gap" {
            let lost: Value = serde_json::from_str(&event.data).ok()?;
            let (from, to) = (lost["from"].as_i64()?, lost["to"].as_i64()?);
            self.cursor = self.cursor.max(Some(to));
            return Some(TailItem::Gap { from, to });
        }
        let id: i64 = event.id.parse().ok()?;
        if matches!(event.event.as_str(), "" | "message") {
            return Some(self.greet(id));
        }
        let was_open = std::mem::take(&mut self.is_position_open);
        let cursor = self.cursor.unwrap_or(0);
        let is_ahead = was_open && id < cursor;
        if id <= cursor && !is_ahead {
            return None;
        }
        match serde_json::from_str::<Notification>(&event.data) {
            Ok(notification) if is_ahead => {
                let newest = notification.first() - 1;
                self.cursor = Some(newest);
                self.held = Some(Box::new(notification));
                Some(TailItem::CursorAhead { cursor, newest })
            }
            Ok(notification) => Some(self.follow(Box::new(notification))),
            // A kind this version does not know still moves the cursor.
            Err(_) => {
                self.cursor = Some(id);
                None
            }
        }
    }

    /// The first frame: its id is the server's newest event where that is before the cursor. A
    /// server that keeps nothing repeats the cursor, and its first event says more.
    fn greet(&mut self, id: i64) -> TailItem {
        let resumed = self.cursor.replace(id);
        self.is_position_open = resumed == Some(id);
        match resumed {
            Some(cursor) if id < cursor => TailItem::CursorAhead { cursor, newest: id },
            _ => {
                self.cursor = resumed.or(Some(id));
                TailItem::Connected
            }
        }
    }

    /// Reports a gap before what comes after it.
    fn follow(&mut self, notification: Box<Notification>) -> TailItem {
        let (from, to) = (self.cursor.unwrap_or(0) + 1, notification.first() - 1);
        // History before the oldest kept notification is no loss to a reader that asked for all.
        if from > 1 && to >= from {
            self.held = Some(notification);
            return TailItem::Gap { from, to };
        }
        self.report(notification)
    }

    fn report(&mut self, notification: Box<Notification>) -> TailItem {
        self.cursor = Some(notification.sequence);
        TailItem::Notification(notification)
    }
}

/// The frames of an answer, with an error when it falls silent. The clock runs on bytes, because
/// heartbeats are comments, which make no frame.
fn watched(answer: reqwest::Response) -> FrameStream {
    let bytes = tokio_stream::StreamExt::timeout(answer.bytes_stream(), SILENCE_TIMEOUT);
    let bytes = bytes.map(|chunk| match chunk {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(format!("the connection broke: {error}")),
        Err(_) => Err(format!(
            "nothing was received for {} s",
            SILENCE_TIMEOUT.as_secs()
        )),
    });
    Box::pin(bytes.eventsource().map(|frame| match frame {
        Ok(event) => Ok(event),
        Err(eventsource_stream::EventStreamError::Transport(reason)) => Err(reason),
        Err(error) => Err(format!("the stream cannot be read: {error}")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientIdentity;

    fn tail(from: StreamStart) -> EventTail {
        let identity = ClientIdentity {
            server: "http://localhost:1".to_owned(),
            ..ClientIdentity::default()
        };
        EventTail::new(Client::new(identity).unwrap(), from)
    }

    fn frame(id: &str, name: &str, data: &str) -> Event {
        Event {
            id: id.to_owned(),
            event: name.to_owned(),
            data: data.to_owned(),
            retry: None,
        }
    }

    fn created(first: Option<i64>, sequence: i64) -> Event {
        let first = first.map_or(String::new(), |n| format!(r#","firstSequence":{n}"#));
        let data = format!(
            r#"{{"id":"e","sellerId":"s1","type":"ProductCreated","message":"m","data":{{}},"timestamp":1,"read":false,"sequence":{sequence}{first}}}"#
        );
        frame(&sequence.to_string(), "ProductCreated", &data)
    }

    #[test]
    fn starts_after_the_connected_frame_and_leaves_out_duplicates_and_courtesies() {
        let mut tail = tail(StreamStart::Newest);
        let greeting = tail.take(&frame("7", "message", "{}"));
        assert!(matches!(greeting, Some(TailItem::Connected)));
        assert_eq!(tail.cursor(), Some(7));
        assert!(tail.take(&created(None, 7)).is_none());
        let courtesy = frame("7", "ProductCreated", r#"{"message":"Import of a.csv"}"#);
        assert!(tail.take(&courtesy).is_none());
        assert!(tail.take(&frame("", "ProductCreated", "{}")).is_none());
        assert!(matches!(
            tail.take(&created(None, 8)),
            Some(TailItem::Notification(_))
        ));
        assert!(matches!(
            tail.take(&created(Some(9), 20)),
            Some(TailItem::Notification(_))
        ));
        assert_eq!(tail.cursor(), Some(20));
    }

    #[tokio::test]
    async fn reports_a_hole_before_what_comes_after_it() {
        let mut tail = tail(StreamStart::After(3));
        assert!(matches!(
            tail.take(&created(None, 6)),
            Some(TailItem::Gap { from: 4, to: 5 })
        ));
        assert_eq!(tail.cursor(), Some(3));
        assert!(matches!(tail.next().await, Ok(TailItem::Notification(_))));
        assert_eq!(tail.cursor(), Some(6));
    }

    /// Red when: a server that was restored is not noticed, by its greeting or by its first event.
    #[tokio::test]
    async fn a_cursor_ahead_of_the_server_goes_back() {
        let mut tail = tail(StreamStart::After(9));
        let greeting = tail.take(&frame("3", "message", "{}"));
        let ahead = |newest| TailItem::CursorAhead { cursor: 9, newest };
        assert_eq!(format!("{greeting:?}"), format!("{:?}", Some(ahead(3))));
        assert_eq!(tail.cursor(), Some(3));
        tail.cursor = Some(9);
        assert!(matches!(
            tail.take(&frame("9", "message", "{}")),
            Some(TailItem::Connected)
        ));
        let item = tail.take(&created(None, 1));
        assert_eq!(format!("{item:?}"), format!("{:?}", Some(ahead(0))));
        assert!(matches!(tail.next().await, Ok(TailItem::Notification(_))));
        assert!(tail.take(&created(None, 1)).is_none());
    }

    #[test]
    fn a_gap_frame_moves_the_cursor() {
        let mut tail = tail(StreamStart::After(3));
        let item = tail.take(&frame("9", "gap", r#"{"from":4,"to":9}"#));
        assert!(matches!(item, Some(TailItem::Gap { from: 4, to: 9 })));
        assert!(matches!(
            tail.take(&created(None, 10)),
            Some(TailItem::Notification(_))
        ));
    }

    /// Red when: losses in a row are not spaced more widely, or an event does not end that.
    #[test]
    fn an_event_makes_the_pauses_short_again() {
        let mut tail = tail(StreamStart::After(3));
        let lost = |tail: &mut EventTail| match tail.lost(String::new(), None) {
            TailItem::Lost { wait, .. } => wait,
            other => panic!("{other:?}"),
        };
        let late = (0..20).map(|_| lost(&mut tail)).last().unwrap();
        assert!(late >= MAX_RECONNECT_PAUSE / 2, "{late:?}");
        assert!(tail.take(&created(None, 4)).is_some());
        let first = lost(&mut tail);
        assert!(first <= FIRST_RECONNECT_PAUSE, "{first:?}");
    }
}
