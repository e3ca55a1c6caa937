//! One client's place in a seller's notifications: nothing twice, nothing left out, in order.
//!
//! The feed is heard first and the inbox read after, so that nothing falls between them. What is
//! heard is sent only if it is the next; anything else makes the client look into the inbox, which
//! it also does every few seconds, because the feed may lose.
//!
//! The inbox is filled in the order of the sequence, so it says itself what is lost, and a hole is
//! never concluded from waiting:
//!
//! | right behind the cursor | the stream |
//! |---|---|
//! | the next notification | sends it |
//! | one that names what was lost before it (`settledFrom`) | tells a `gap`, then sends it |
//! | one that is older than the log keeps events: what is missing has expired | tells a `gap`, then sends it |
//! | any other: a put is in progress, or was cut off and will be repeated | waits for the rest |

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use pm_common::{
    domain::{
        clock,
        error::Result,
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
    ports::feed::{FeedEvent, FeedListener},
};
use tokio::time::{Instant, sleep_until};

use super::{HttpState, frame, metrics::OpenStream, start::Start};

/// Between two comments on a quiet stream.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Between two looks into the inbox, at first and when nothing was found for a while.
const LOOK: Duration = Duration::from_secs(2);
const LOOK_MAX: Duration = Duration::from_secs(8);
/// Before the inbox is asked again after an error.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Between two progress reports of an import: two a second.
const PROGRESS: Duration = Duration::from_millis(500);
/// Notifications read from the inbox at once.
const PAGE: u32 = 256;
/// Bytes gathered for one write.
const CHUNK: usize = 32 * 1024;

/// A client's place, and when to look next.
#[derive(Debug)]
pub(super) struct Tail {
    http: Arc<HttpState>,
    seller: SellerId,
    listener: Box<dyn FeedListener>,
    /// The last sequence sent.
    cursor: i64,
    /// The cursor is only what the client said or zero; see [`Start::adrift`].
    adrift: bool,
    /// The client named its place, so that it is told what it lost.
    resumed: bool,
    /// Gathered and not yet sent.
    out: Vec<u8>,
    /// Whether the replay is over.
    live: bool,
    look_at: Instant,
    look_every: Duration,
    beat_at: Instant,
    /// When the next progress report may be sent.
    progress_at: Instant,
    /// A progress report waits for its time.
    held: bool,
    _open: OpenStream,
}

impl Tail {
    /// Starts behind `last`, or with what happens from now on.
    pub(super) async fn open(
        http: Arc<HttpState>,
        seller: SellerId,
        last: Option<i64>,
    ) -> Result<Self> {
        let listener = http.app.feed.subscribe(&seller).await?;
        let start = Start::find(http.app.inbox.inbox_bounds(&seller).await?, last);
        let now = Instant::now();
        let live = last.is_none();
        Ok(Self {
            out: frame::connected(&seller, &start, clock::now()).into_bytes(),
            http,
            seller,
            listener,
            cursor: start.cursor,
            adrift: start.adrift,
            resumed: last.is_some(),
            live,
            look_at: if live { now + LOOK } else { now },
            look_every: LOOK,
            beat_at: now + HEARTBEAT,
            progress_at: now,
            held: false,
            _open: OpenStream::new(),
        })
    }

    /// The next bytes to write; `None` ends the stream.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        while self.out.is_empty() {
            tokio::select! {
                biased;
                () = self.http.shutdown.cancelled() => return None,
                () = sleep_until(self.look_at.min(self.beat_at)) => self.turn().await,
                heard = self.listener.next() => self.hear(heard),
            }
            self.hear_ready();
        }
        self.beat_at = Instant::now() + HEARTBEAT;
        Some(std::mem::take(&mut self.out).into())
    }

    /// A deadline has come.
    async fn turn(&mut self) {
        if self.look_at <= Instant::now() {
            self.look().await;
        } else {
            self.out
                .extend_from_slice(frame::HEARTBEAT_COMMENT.as_bytes());
        }
    }

    /// What was heard meanwhile goes out with the same write.
    fn hear_ready(&mut self) {
        while self.out.len() < CHUNK {
            match self.listener.next().now_or_never() {
                Some(heard @ FeedEvent::Notification(_)) => self.hear(heard),
                Some(FeedEvent::Lagged) => {
                    self.hear(FeedEvent::Lagged);
                    return;
                }
                None => return,
            }
        }
    }

    fn hear(&mut self, heard: FeedEvent) {
        let FeedEvent::Notification(told) = heard else {
            self.look_at = Instant::now();
            return;
        };
        if (told.sequence <= self.cursor && !self.adrift) || (self.held && of_import(told.kind)) {
            return;
        }
        if told.first() != self.next_sequence() || self.held || !self.live {
            self.look_at = Instant::now();
        } else if self.too_early(told.kind) {
            self.hold();
        } else {
            let bytes = self.http.frames.of(&told);
            self.sent(&told, &bytes);
        }
    }

    /// Sends what the inbox has behind the cursor, up to a hole or a report that has to wait.
    async fn look(&mut self) {
        let inbox = &self.http.app.inbox;
        let after = if self.adrift { 0 } else { self.cursor };
        let page = match inbox.inbox_list(&self.seller, after, PAGE, None).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "a stream could not read the inbox");
                self.look_at = Instant::now() + ERROR_PAUSE;
                return;
            }
        };
        let (more, found) = (page.len() >= PAGE as usize, !page.is_empty());
        let page = joined(page);
        let last_ordinary = page.iter().rposition(|told| !of_import(told.kind));
        self.held = false;
        for (place, told) in page.iter().enumerate() {
            if !self.reaches(told) {
                self.look_again(place > 0, false);
                return;
            }
            // Nobody who waits for news of a product waits for a progress report's time.
            let ordinary_behind = last_ordinary.is_some_and(|last| place < last);
            if self.live && !ordinary_behind && self.too_early(told.kind) {
                self.hold();
                return;
            }
            self.send(told);
            if self.out.len() >= CHUNK {
                self.look_at = Instant::now();
                return;
            }
        }
        self.look_again(found, more);
    }

    /// When to look next, behind everything the inbox had.
    fn look_again(&mut self, found: bool, more: bool) {
        let now = Instant::now();
        if more {
            self.look_at = now;
            return;
        }
        self.live = true;
        self.look_every = if found {
            LOOK
        } else {
            (self.look_every * 2).min(LOOK_MAX)
        };
        self.look_at = now + self.look_every;
    }

    /// Whether the cursor stands right before this one, or can be moved there.
    fn reaches(&mut self, told: &Notification) -> bool {
        let next = self.next_sequence();
        if told.first() == next || (told.first() < next && !self.adrift) {
            return true;
        }
        if !self.is_settled(told) {
            return false;
        }
        let before = told.first() - 1;
        // Without a known place nothing is known to be lost.
        if next <= before && (self.resumed || !self.adrift) {
            self.out
                .extend_from_slice(frame::gap(next, before).as_bytes());
        }
        self.cursor = before;
        true
    }

    /// Whether what is missing between the cursor and this one will not come.
    fn is_settled(&self, told: &Notification) -> bool {
        let is_first_known = self.adrift && (told.settled_from.is_some() || told.first() <= 1);
        is_first_known || told.follows(self.cursor, clock::now())
    }

    /// Sends one read from the inbox. Of one that reaches back behind the cursor (the client named
    /// an id within a report) only the rest counts.
    fn send(&mut self, told: &Notification) {
        let text = if told.first() < self.next_sequence() {
            frame::notification(&Notification {
                first_sequence: Some(self.next_sequence()),
                ..told.clone()
            })
        } else {
            frame::notification(told)
        };
        self.sent(told, text.as_bytes());
    }

    fn sent(&mut self, told: &Notification, frame: &[u8]) {
        let now = Instant::now();
        self.out.extend_from_slice(frame);
        self.cursor = told.sequence;
        self.adrift = false;
        self.look_every = LOOK;
        self.look_at = self.look_at.min(now + LOOK);
        if told.kind == NotificationKind::ImportProgress {
            self.progress_at = now + PROGRESS;
        }
    }

    fn too_early(&self, kind: NotificationKind) -> bool {
        kind == NotificationKind::ImportProgress && Instant::now() < self.progress_at
    }

    /// Looks again when the report may be sent; by then later ones have joined it.
    fn hold(&mut self) {
        self.held = true;
        self.look_at = self.progress_at;
    }

    fn next_sequence(&self) -> i64 {
        self.cursor.saturating_add(1)
    }
}

/// Whether it can wait for a progress report's time.
fn of_import(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::ImportProgress | NotificationKind::ImportCompleted
    )
}

/// Consecutive progress reports of an import as one.
fn joined(page: Vec<Notification>) -> Vec<Notification> {
    let mut told: Vec<Notification> = Vec::with_capacity(page.len());
    for next in page {
        match told
            .last_mut()
            .and_then(|last| Some((last.joined(&next)?, last)))
        {
            Some((both, last)) => *last = both,
            None => told.push(next),
        }
    }
    told
}

#[cfg(test)]
mod tests;
