//! Notifications read from the inbox in small steps, up to so many and so many bytes: a long one has
//! about 50 kB, and a page of them is not in memory as a whole.

use pm_common::{
    domain::{
        error::Result,
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
    ports::inbox::Inbox,
};

/// Notifications read at first, when nothing is known of their length.
const FIRST_STEP_ROWS: u32 = 16;
/// Notifications read at once after that.
const MAX_STEP_ROWS: u32 = 50;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct InboxRequest {
    /// Only those after this sequence.
    pub(super) after: i64,
    /// No more than these.
    pub(super) limit: u32,
    pub(super) kind: Option<NotificationKind>,
    /// No more are read for a page that is this long.
    pub(super) most_bytes: usize,
}

/// Notifications in the order of their sequence.
#[derive(Debug)]
pub(super) struct InboxPage {
    pub(super) notifications: Vec<Notification>,
    /// Whether the inbox may have more of them.
    pub(super) is_full: bool,
}

impl InboxPage {
    pub(super) async fn read(
        inbox: &dyn Inbox,
        seller: &SellerId,
        request: InboxRequest,
    ) -> Result<Self> {
        let (mut notifications, mut bytes) = (Vec::<Notification>::new(), 0);
        let (mut left, mut step_rows) = (request.limit, FIRST_STEP_ROWS);
        while left > 0 && bytes < request.most_bytes {
            let from = notifications.last();
            let from = from.map_or(request.after, |last| last.sequence);
            let asked = left.min(step_rows);
            let step = inbox.inbox_list(seller, from, asked, request.kind).await?;
            let found = u32::try_from(step.len()).unwrap_or(asked);
            bytes += step.iter().map(json_bytes).sum::<usize>();
            notifications.extend(step);
            if found < asked {
                return Ok(Self {
                    notifications,
                    is_full: false,
                });
            }
            left -= asked;
            step_rows = MAX_STEP_ROWS;
        }
        Ok(Self {
            notifications,
            is_full: true,
        })
    }
}

fn json_bytes(notification: &Notification) -> usize {
    serde_json::to_vec(notification).map_or(0, |json| json.len())
}
