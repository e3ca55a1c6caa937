//! Where a stream starts, from what the inbox keeps and where the client says it left off.

use pm_common::ports::inbox::InboxBounds;

/// A client's first place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ResumePoint {
    /// What counts as sent already.
    pub cursor: i64,
    /// Nothing is kept, so that it is not known where the seller's sequence is: what comes first
    /// will say it.
    pub position_unknown: bool,
    /// For people, in the first frame.
    pub message: String,
}

impl ResumePoint {
    /// After `last`, or with what happens from now on. An id above all that is kept was never sent
    /// from this inbox (the data was reset): such a client starts like a new one, and its first
    /// frame says so, because it would wait for ever for the sequence to come up to its id.
    pub(super) fn find(kept: InboxBounds, last: Option<i64>) -> Self {
        let position_unknown = kept.newest == 0;
        let hello = "Connected to the event stream";
        match last {
            Some(last) if last > kept.newest && !position_unknown => Self {
                cursor: kept.newest,
                position_unknown,
                message: format!(
                    "{hello}; it starts anew after event {}, because event {last} is not known here",
                    kept.newest
                ),
            },
            _ => Self {
                cursor: last.unwrap_or(kept.newest),
                position_unknown,
                message: hello.to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_clients_unless_it_cannot_be() {
        let kept = InboxBounds {
            oldest: 11,
            newest: 20,
        };
        let place = |kept, last| {
            let start = ResumePoint::find(kept, last);
            (
                start.cursor,
                start.position_unknown,
                start.message.contains("anew"),
            )
        };
        assert_eq!(place(kept, None), (20, false, false));
        assert_eq!(place(kept, Some(0)), (0, false, false));
        assert_eq!(place(kept, Some(20)), (20, false, false));
        assert_eq!(place(kept, Some(21)), (20, false, true));
        let nothing = InboxBounds::default();
        assert_eq!(place(nothing, None), (0, true, false));
        assert_eq!(place(nothing, Some(7)), (7, true, false));
    }
}
