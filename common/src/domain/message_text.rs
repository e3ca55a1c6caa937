//! Words and numbers in messages: texts from outside are quoted no longer than fits, the known word
//! that was probably meant is named, digits are grouped.

/// Characters of a text from outside that a message repeats.
const MAX_QUOTED_CHARS: usize = 100;
/// A word from outside of more bytes is compared with nothing.
const MAX_COMPARED_BYTES: usize = 100;

/// The beginning of a text, as much as a message quotes.
pub fn shortened(text: &str) -> String {
    first_chars(text, MAX_QUOTED_CHARS)
}

/// At most so many characters of a text.
pub(crate) fn first_chars(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}

/// The known word that `given` is near to, the nearest of all.
pub fn closest_word<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let near = known.into_iter().filter_map(|word| {
        let distance = distance(&given, &word.to_lowercase())?;
        Some((distance, word))
    });
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How far two words are apart; `None` when a person would not confuse them: more than a third of
/// the letters differ, and none contains the other.
pub(crate) fn distance(a: &str, b: &str) -> Option<usize> {
    if a.len() > MAX_COMPARED_BYTES || a.is_empty() {
        return None;
    }
    let longest = a.chars().count().max(b.chars().count());
    let edits = strsim::levenshtein(a, b);
    if edits <= longest.div_ceil(3) {
        Some(edits)
    } else {
        (a.contains(b) || b.len() > 3 && a.len() > 3 && b.contains(a)).then_some(longest)
    }
}

/// `4812330` as `4,812,330`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    /// Red when: a text is cut within a character, or a long one is repeated whole.
    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"é".repeat(101)), "é".repeat(100));
    }

    /// Red when: a misspelling has no suggestion, or anything has one.
    #[test]
    fn suggests_what_a_person_may_have_meant() {
        let meant = |given| closest_word(given, ["name", "server", "exit-codes"]);
        assert_eq!(meant("Sever"), Some("server"));
        assert_eq!(meant("exit"), Some("exit-codes"));
        assert_eq!(meant("exit-cods"), Some("exit-codes"));
        for nothing in ["", "colour", "x", &"n".repeat(200)] {
            assert_eq!(meant(nothing), None, "{nothing}");
        }
    }
}
