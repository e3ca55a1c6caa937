//! One client's place in a seller's notifications: nothing twice, nothing left out, in order.
//!
//! The stream subscribes to the feed first and reads the inbox afterwards, so that nothing falls
//! between them. What the feed brings is sent only if it is the next; anything else makes the stream
//! poll the inbox, which it also does every few seconds, because the feed may lose.
//!
//! | phase | event | effect | next phase |
//! |---|---|---|---|
//! | `Replaying` | the poll timer | send a page of the inbox, poll again at once | `Replaying`; `Live` after the last page |
//! | | the feed has anything | poll at once | `Replaying` |
//! | `Live` | the feed has the next notification | send it | `Live` |
//! | | … and it is a progress report before its time | poll when it may be sent | `Deferring` |
//! | | the feed has another one, or lagged | poll at once | `Live` |
//! | | the poll timer | send what the inbox has, up to a hole or an early report | `Live`, `Deferring` |
//! | `Deferring` | the feed has an import's notification | none: it joins the one that waits | `Deferring` |
//! | | the feed has any other, or lagged | poll at once | `Deferring` |
//! | | the poll timer | as in `Live` | `Live`, `Deferring` |
//! | any | the inbox cannot be read | poll again after a pause | the same |
//! | | the heartbeat timer | send a comment | the same |
//! | | the server shuts down | end the body | |
//!
//! The inbox is filled in the order of the sequence, so it says itself what is lost, and a gap is
//! never concluded from waiting:
//!
//! | first after the cursor | effect |
//! |---|---|
//! | the next notification | send it |
//! | one that names what is settled before it (`settledFrom`), or has such a one after it | send a `gap`, then it |
//! | one that is older than the log keeps events: what is missing has expired | send a `gap`, then it |
//! | any other: a put is in progress, or was interrupted and will be repeated | wait for the rest |

mod timers;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use pm_common::{
    domain::{
        clock,
        error::Result,
        notification::{Notification, NotificationKind, is_settled_before},
        seller::SellerId,
    },
    ports::feed::{FeedEvent, FeedListener},
};
use tokio::time::sleep_until;

use self::timers::StreamTimers;
use super::{
    HttpState, frame,
    inbox_page::{InboxPage, InboxRequest},
    metrics::OpenStream,
    resume_point::ResumePoint,
};

/// Notifications read from the inbox for a page.
const MAX_PAGE: u32 = 256;
/// No more are read for a page that is this long.
const MAX_PAGE_BYTES: usize = 64 * 1024;
/// Bytes gathered for one write.
const MAX_WRITE_BYTES: usize = 32 * 1024;

/// What a stream does with what the feed brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamPhase {
    /// History is being read.
    Replaying,
    Live,
    /// A progress report waits for its time.
    Deferring,
}

/// A client's place, and what to do next.
#[derive(Debug)]
pub(super) struct EventStream {
    http: Arc<HttpState>,
    seller: SellerId,
    listener: Box<dyn FeedListener>,
    /// The last sequence sent.
    cursor: i64,
    /// The cursor is only the client's word, or zero; see [`ResumePoint::position_unknown`].
    position_unknown: bool,
    /// The client named its place, so that it gets a `gap` for what it lost.
    resumed: bool,
    /// Gathered and not yet written.
    out: Vec<u8>,
    phase: StreamPhase,
    timers: StreamTimers,
    _open: OpenStream,
}

impl EventStream {
    /// Starts after `last`, or with what happens from now on.
    pub(super) async fn open(
        http: Arc<HttpState>,
        seller: SellerId,
        last: Option<i64>,
    ) -> Result<Self> {
        let listener = http.app.feed.subscribe(&seller).await?;
        let point = ResumePoint::find(http.app.inbox.inbox_bounds(&seller).await?, last);
        let resumed = last.is_some();
        Ok(Self {
            out: frame::connected(&seller, &point, clock::now()).into_bytes(),
            http,
            seller,
            listener,
            cursor: point.cursor,
            position_unknown: point.position_unknown,
            resumed,
            phase: if resumed {
                StreamPhase::Replaying
            } else {
                StreamPhase::Live
            },
            timers: StreamTimers::start(resumed),
            _open: OpenStream::new(),
        })
    }

    /// The next bytes to write; `None` ends the stream.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        while self.out.is_empty() {
            tokio::select! {
                biased;
                () = self.http.shutdown.cancelled() => return None,
                () = sleep_until(self.timers.next()) => self.on_timer().await,
                event = self.listener.next() => self.on_feed_event(event),
            }
            self.drain_feed();
        }
        self.timers.written();
        Some(std::mem::take(&mut self.out).into())
    }

    async fn on_timer(&mut self) {
        if self.timers.is_poll_due() {
            self.poll_inbox().await;
        } else {
            self.out
                .extend_from_slice(frame::HEARTBEAT_COMMENT.as_bytes());
        }
    }

    /// What the feed has by now goes out with the same write.
    fn drain_feed(&mut self) {
        while self.out.len() < MAX_WRITE_BYTES {
            let Some(event) = self.listener.next().now_or_never() else {
                return;
            };
            let lagged = event == FeedEvent::Lagged;
            self.on_feed_event(event);
            if lagged {
                return;
            }
        }
    }

    fn on_feed_event(&mut self, event: FeedEvent) {
        let FeedEvent::Notification(notification) = event else {
            self.timers.poll_now();
            return;
        };
        let kind = notification.kind;
        let was_sent = notification.sequence <= self.cursor && !self.position_unknown;
        let joins = self.phase == StreamPhase::Deferring && can_wait(kind);
        if was_sent || joins {
            return;
        }
        let is_next = notification.first() == self.next_sequence();
        if !is_next || self.phase != StreamPhase::Live {
            self.timers.poll_now();
        } else if self.timers.is_too_early(kind) {
            self.defer();
        } else {
            let bytes = self.http.frames.of(&notification);
            self.send_frame(&notification, &bytes);
        }
    }

    /// Sends what the inbox has after the cursor, up to a hole or a report that has to wait.
    async fn poll_inbox(&mut self) {
        let inbox = &self.http.app.inbox;
        let after = if self.position_unknown {
            0
        } else {
            self.cursor
        };
        let request = InboxRequest {
            after,
            limit: MAX_PAGE,
            kind: None,
            most_bytes: MAX_PAGE_BYTES,
        };
        let page = match InboxPage::read(&**inbox, &self.seller, request).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "a stream could not read the inbox");
                self.timers.poll_after_error();
                return;
            }
        };
        if self.phase == StreamPhase::Deferring {
            self.phase = StreamPhase::Live;
        }
        self.send_page(&joined(page.notifications), page.is_full);
    }

    fn send_page(&mut self, page: &[Notification], is_full: bool) {
        let last_ordinary = page.iter().rposition(|one| !can_wait(one.kind));
        for (place, notification) in page.iter().enumerate() {
            if !self.advance_to(page.get(place..).unwrap_or_default()) {
                self.caught_up(place > 0);
                return;
            }
            // News of a product does not wait for the time of a progress report before it.
            let ordinary_follows = last_ordinary.is_some_and(|last| place < last);
            let is_live = self.phase == StreamPhase::Live;
            if is_live && !ordinary_follows && self.timers.is_too_early(notification.kind) {
                self.defer();
                return;
            }
            self.send(notification);
            if self.out.len() >= MAX_WRITE_BYTES {
                self.timers.poll_now();
                return;
            }
        }
        if is_full {
            self.timers.poll_now();
        } else {
            self.caught_up(!page.is_empty());
        }
    }

    /// Everything that the inbox has was sent, or must wait for something else.
    fn caught_up(&mut self, found: bool) {
        self.phase = StreamPhase::Live;
        self.timers.poll_later(found);
    }

    /// Whether the cursor is right before the first of these, or can be moved there.
    fn advance_to(&mut self, rest: &[Notification]) -> bool {
        let Some(first) = rest.first() else {
            return false;
        };
        let next = self.next_sequence();
        if first.first() == next || (first.first() < next && !self.position_unknown) {
            return true;
        }
        let is_first_known =
            self.position_unknown && (first.settled_from.is_some() || first.first() <= 1);
        if !is_first_known && !is_settled_before(rest, self.cursor, clock::now()) {
            return false;
        }
        let before = first.first() - 1;
        // Without a known place nothing is known to be lost.
        if next <= before && (self.resumed || !self.position_unknown) {
            self.out
                .extend_from_slice(frame::gap(next, before).as_bytes());
        }
        self.cursor = before;
        true
    }

    /// Sends one that was read from the inbox. If it begins before the cursor (the client named an
    /// id within a report), only the rest counts.
    fn send(&mut self, notification: &Notification) {
        let text = if notification.first() < self.next_sequence() {
            frame::notification(&Notification {
                first_sequence: Some(self.next_sequence()),
                ..notification.clone()
            })
        } else {
            frame::notification(notification)
        };
        self.send_frame(notification, text.as_bytes());
    }

    fn send_frame(&mut self, notification: &Notification, frame: &[u8]) {
        self.out.extend_from_slice(frame);
        self.cursor = notification.sequence;
        self.position_unknown = false;
        self.timers.sent(notification.kind);
    }

    fn defer(&mut self) {
        self.phase = StreamPhase::Deferring;
        self.timers.poll_at_progress();
    }

    fn next_sequence(&self) -> i64 {
        self.cursor.saturating_add(1)
    }
}

/// Whether it can wait for a progress report's time.
fn can_wait(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::ImportProgress | NotificationKind::ImportCompleted
    )
}

/// Consecutive progress reports of an import as one.
fn joined(page: Vec<Notification>) -> Vec<Notification> {
    let mut reports: Vec<Notification> = Vec::with_capacity(page.len());
    for next in page {
        match reports
            .last_mut()
            .and_then(|last| Some((last.joined(&next)?, last)))
        {
            Some((both, last)) => *last = both,
            None => reports.push(next),
        }
    }
    reports
}

#[cfg(test)]
mod tests;
