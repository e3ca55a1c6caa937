//! The history of notifications, in runs by sequence.

use std::sync::Arc;

use axum::extract::State;
use pm_common::{
    api::{ErrorOut, EventsOut, EventsPagination},
    domain::notification::NotificationKind,
    request::EventListRequest,
};

use super::{HttpState, error::ApiResult, identity::RequestSeller, params::QueryParams, reply};

/// Read the history
///
/// Notifications of the last 30 days, ascending by sequence.
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
    let data = http
        .app
        .inbox
        .inbox_list(&seller, after, limit, kind)
        .await?;
    let next_after = data.last().map_or(after, |last| last.sequence);
    reply::ok(&EventsOut {
        data,
        pagination: EventsPagination { limit, next_after },
    })
}
