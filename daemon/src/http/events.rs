//! The history of notifications, in runs by sequence.

use std::sync::Arc;

use axum::extract::State;
use pm_common::{
    api::{ErrorOut, EventsOut, EventsPagination},
    domain::{
        clock,
        notification::{Notification, NotificationKind, is_settled_before},
    },
    request::EventListRequest,
};

use super::{
    HttpState,
    error::ApiResult,
    identity::RequestSeller,
    inbox_page::{InboxPage, InboxRequest},
    params::QueryParams,
    reply,
};

/// No more are read for a page that is this long.
const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// Read the history
///
/// Notifications of the last 30 days, ascending by sequence. A page of long ones is shorter than
/// `limit`; an empty one is the end.
#[utoipa::path(get, path = "/api/events", tag = "Events",
    params(
        ("after" = Option<i64>, Query, description = "Only those after this sequence"),
        ("limit" = Option<u32>, Query, description = "1 to 1,000, 100 by default"),
        ("type" = Option<NotificationKind>, Query, description = "Only this kind"),
    ),
    responses(
        (status = 200, body = EventsOut),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR"),
    ))]
pub(super) async fn list(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    params: QueryParams,
) -> ApiResult {
    let EventListRequest { after, limit, kind } = params.read(EventListRequest::read)?;
    let inbox = &http.app.inbox;
    let request = InboxRequest {
        after,
        limit,
        kind,
        most_bytes: MAX_PAGE_BYTES,
    };
    let page = InboxPage::read(&**inbox, &seller, request).await?;
    let mut data = page.notifications;
    // While a put is in progress, later ones may be there before earlier ones.
    let end = match kind {
        None => whole_until(&data, after),
        Some(_) => inbox.inbox_end(&seller).await?.last,
    };
    data.retain(|notification| notification.sequence <= end);
    for notification in &mut data {
        // A stream has its `gap` for that.
        notification.settled_from = None;
    }
    let next_after = data.last().map_or(after, |last| last.sequence);
    reply::ok(&EventsOut {
        data,
        pagination: EventsPagination { limit, next_after },
    })
}

/// The sequence up to which nothing is missing that may still come.
fn whole_until(data: &[Notification], after: i64) -> i64 {
    let now = clock::now();
    let mut end = after;
    for (place, next) in data.iter().enumerate() {
        if !is_settled_before(data.get(place..).unwrap_or_default(), end, now) {
            break;
        }
        end = next.sequence;
    }
    end
}
