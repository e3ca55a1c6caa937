//! How a column writes its numbers: `1,234.50`, `1.234,99`, `CHF 1'299.50`, `₹1,29,900.00`, `129 kr`.
//! A column is read in one style, and what does not fit it is no number.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::currency_marks::without_currency;

/// What separates the whole part of a number from its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
}

impl DecimalMark {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Comma => "comma",
        }
    }

    pub(super) const fn as_char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }

    fn of(c: char) -> Option<Self> {
        match c {
            '.' => Some(Self::Point),
            ',' => Some(Self::Comma),
            _ => None,
        }
    }

    /// A cell as a plain number: digits with at most one point. `None` when it is none in this
    /// style.
    pub(super) fn plain_number(self, cell: &str) -> Option<Cow<'_, str>> {
        let text = cell.trim();
        let plain = |b: u8| b.is_ascii_digit() || b == b'.' || b == b'-';
        let points = memchr::memchr_iter(b'.', text.as_bytes()).count();
        if self == Self::Point && points < 2 && text.bytes().all(plain) {
            return Some(Cow::Borrowed(text));
        }
        let (negative, body) = without_currency(text)?;
        let (whole, fraction) = match body.rsplit_once(self.as_char()) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (body, None),
        };
        let mut plain = if negative { "-" } else { "" }.to_owned();
        plain.push_str(&ungrouped(whole, self.other().as_char())?);
        if let Some(fraction) = fraction {
            let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
            plain.push('.');
            plain.push_str(digits.then_some(fraction)?);
        }
        Some(Cow::Owned(plain))
    }
}

/// The digits of a whole number with at most one kind of separator between groups: three digits
/// in the last group, two or three in those before it.
fn ungrouped(whole: &str, separator: char) -> Option<String> {
    let Some(found) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return Some(whole.to_owned());
    };
    if found != separator && !is_group_blank(found) {
        return None;
    }
    let groups: Vec<&str> = whole.split(found).collect();
    let digits = |group: &&str| group.bytes().all(|b| b.is_ascii_digit());
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let fits = (1..=3).contains(&first.len())
        && last.len() == 3
        && middle.iter().all(|group| matches!(group.len(), 2 | 3));
    (fits && groups.iter().all(digits)).then(|| groups.concat())
}

/// Blanks and apostrophes between groups of digits.
const fn is_group_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\'' | '\u{2019}' | '\u{2bc}'
    )
}

/// What a cell says about the style of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StyleEvidence {
    /// No number, or one without separators.
    Nothing,
    /// A number in this style alone.
    Only(DecimalMark),
    /// `1,234`: a number in both styles, and another one in each.
    Ambiguous,
}

/// Judges a cell. `whole`: the column's numbers have no fraction other than zeros.
pub(super) fn style_evidence(cell: &str, whole: bool) -> StyleEvidence {
    let text = cell.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return StyleEvidence::Nothing;
    }
    let Some((_, body)) = without_currency(text) else {
        return StyleEvidence::Nothing;
    };
    let reads = |mark: DecimalMark| mark.plain_number(body);
    match (reads(DecimalMark::Point), reads(DecimalMark::Comma)) {
        (None, None) => StyleEvidence::Nothing,
        (Some(point), Some(comma)) if point == comma => StyleEvidence::Nothing,
        (Some(_), None) => StyleEvidence::Only(DecimalMark::Point),
        (None, Some(_)) => StyleEvidence::Only(DecimalMark::Comma),
        (Some(_), Some(_)) => between(body, whole),
    }
}

/// One separator and three digits after it.
fn between(body: &str, whole: bool) -> StyleEvidence {
    let mark = body.chars().find_map(DecimalMark::of);
    let (Some(mark), Some((before, after))) = (mark, body.split_once(['.', ','])) else {
        return StyleEvidence::Nothing;
    };
    if before.starts_with('0') {
        StyleEvidence::Only(mark)
    } else if whole && after.bytes().any(|b| b != b'0') {
        StyleEvidence::Only(mark.other())
    } else {
        StyleEvidence::Ambiguous
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: a shop's way to write a price is refused, or read as another price.
    #[test]
    fn numbers_are_read_in_the_style_of_their_column() {
        use DecimalMark::{Comma, Point};
        for (mark, cell, plain) in [
            (Point, "1,234.50", Some("1234.50")),
            (Comma, "1.234,99", Some("1234.99")),
            (Point, "$19.90", Some("19.90")),
            (Comma, "20 000Fcfa", Some("20000")),
            (Comma, "34,95", Some("34.95")),
            (Point, "CHF 1'299.50", Some("1299.50")),
            (Point, "Rs. 1,299", Some("1299")),
            (Point, "Rs.1,299", Some("1299")),
            (Comma, "129 kr", Some("129")),
            (Comma, "129,-", Some("129")),
            (Point, "₹1,29,900.00", Some("129900.00")),
            (Comma, "1\u{202f}234,5 €", Some("1234.5")),
            (Comma, "R$ 1.234.567,8", Some("1234567.8")),
            (Point, "US$ -5", Some("-5")),
            (Point, "-$5.00", Some("-5.00")),
            (Point, ".5", Some(".5")),
            (Point, "34,95", None),
            (Comma, "34.95", None),
            (Comma, "2.5000", None),
            (Point, "12,34,5", None),
            (Point, "1,234,50", None),
            (Point, "5 pcs", None),
            (Point, "variable", None),
            (Point, "1 2", None),
            (Comma, "1,2,3", None),
        ] {
            assert_eq!(mark.plain_number(cell).as_deref(), plain, "{cell:?}");
        }
    }

    /// Red when: a cell counts for a style that it does not have.
    #[test]
    fn cells_say_which_style_they_are_in() {
        use StyleEvidence::{Ambiguous, Nothing, Only};
        let (point, comma) = (Only(DecimalMark::Point), Only(DecimalMark::Comma));
        for (cell, whole, evidence) in [
            ("1234", false, Nothing),
            ("1 234", false, Nothing),
            ("19.90", false, point),
            ("19,9", false, comma),
            ("19.000000", false, point),
            ("1,234.50", false, point),
            ("1.234,50 €", false, comma),
            ("1.234.567", false, comma),
            ("1,234,567", false, point),
            ("0,995", false, comma),
            ("1234,567", false, comma),
            ("1 234,567", false, comma),
            ("1,234", false, Ambiguous),
            ("$1.234", false, Ambiguous),
            ("1,234", true, point),
            ("1.234", true, comma),
            ("1,000", true, Ambiguous),
            ("variable", false, Nothing),
        ] {
            assert_eq!(style_evidence(cell, whole), evidence, "{cell:?} {whole}");
        }
    }
}
