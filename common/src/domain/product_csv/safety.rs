//! What keeps an import from doing other than its owner wants: long text, repeated files.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What becomes of a description that is too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LongText {
    /// It is cut, with a warning.
    #[default]
    Cut,
    /// Its row is rejected.
    Reject,
}

impl LongText {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Cut, Self::Reject];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Reject => "reject",
        }
    }
}

/// What becomes of a file that was imported before, when that would create its products again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepeatPolicy {
    /// It is imported again.
    #[default]
    Accept,
    /// It is refused.
    Refuse,
}

impl RepeatPolicy {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Accept, Self::Refuse];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
        }
    }
}
