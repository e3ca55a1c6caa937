//! What keeps an import from doing other than its owner wants: long text, repeated files, too many
//! rejected rows.

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

/// How many rows an import may reject before it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorLimit {
    Rows(u64),
    /// A share of the rows read, in hundredths of a percent.
    Share(u32),
}

impl ErrorLimit {
    /// A share says nothing before this many rows were read, unless the file is shorter.
    pub const MIN_SHARE_ROWS: u64 = 1_000;
    const ALL_ROWS: u32 = 10_000;

    /// Reads `20` or `2.5%`.
    pub fn parse(text: &str) -> Option<Self> {
        let Some(percent) = text.strip_suffix('%') else {
            return digits(text).map(Self::Rows);
        };
        let (whole, rest) = percent.split_once('.').unwrap_or((percent, "0"));
        let hundredths = match rest.len() {
            1 => digits(rest)? * 10,
            2 => digits(rest)?,
            _ => return None,
        };
        let share = digits(whole)?.checked_mul(100)?.checked_add(hundredths)?;
        let share = u32::try_from(share).ok()?;
        (share <= Self::ALL_ROWS).then_some(Self::Share(share))
    }

    /// Whether so many rejected rows among those read are too many; `ended`: no row follows.
    pub fn is_exceeded(self, rows: u64, rejected: u64, ended: bool) -> bool {
        match self {
            Self::Rows(most) => rejected > most,
            Self::Share(share) => {
                let judged = ended || rows >= Self::MIN_SHARE_ROWS;
                let (rows, rejected) = (u128::from(rows), u128::from(rejected));
                judged && rejected * u128::from(Self::ALL_ROWS) > rows * u128::from(share)
            }
        }
    }
}

/// A number of digits alone.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl std::fmt::Display for ErrorLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Share(share) if share % 100 == 0 => write!(f, "{}%", share / 100),
            Self::Share(share) => write!(f, "{}.{:02}%", share / 100, share % 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorLimit::{self, Rows, Share};

    /// Red when: a limit is read as another one, or judged by a share of too few rows.
    #[test]
    fn limits_are_read_written_and_judged() {
        let read = [
            ("0", Rows(0)),
            ("20", Rows(20)),
            ("0%", Share(0)),
            ("5%", Share(500)),
            ("100%", Share(10_000)),
            ("2.50%", Share(250)),
        ];
        for (text, limit) in read {
            assert_eq!(ErrorLimit::parse(text), Some(limit), "{text}");
            assert_eq!(ErrorLimit::parse(&limit.to_string()), Some(limit));
        }
        assert_eq!(ErrorLimit::parse("2.5%"), Some(Share(250)));
        for wrong in [
            "", "%", "-1", "+1", "1.5", "101%", "1.234%", "1.%", ".5%", "5 %", "many",
        ] {
            assert_eq!(ErrorLimit::parse(wrong), None, "{wrong}");
        }
        assert!(!Rows(2).is_exceeded(3, 2, true) && Rows(2).is_exceeded(3, 3, false));
        assert!(!Share(500).is_exceeded(999, 999, false));
        assert!(Share(500).is_exceeded(999, 999, true));
        assert!(!Share(500).is_exceeded(1_000, 50, false));
        assert!(Share(500).is_exceeded(1_000, 51, false));
        assert!(!Share(0).is_exceeded(0, 0, true));
    }
}
