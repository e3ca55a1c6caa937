//! Currencies around a number: signs, codes and words that shops write with a price.

/// Codes and words, lower case and without a final point.
const CURRENCY_WORDS: [&str; 74] = [
    "aed", "ars", "aud", "bdt", "bgn", "brl", "cad", "chf", "clp", "cny", "cop", "czk", "dkk",
    "egp", "eur", "gbp", "ghs", "hkd", "huf", "idr", "ils", "inr", "jpy", "kes", "krw", "kwd",
    "lkr", "mad", "mxn", "myr", "ngn", "nok", "nzd", "pen", "php", "pkr", "pln", "qar", "ron",
    "rsd", "rub", "sar", "sek", "sgd", "thb", "tnd", "try", "twd", "uah", "usd", "uyu", "vnd",
    "xaf", "xof", "zar", "fcfa", "cfa", "rs", "kr", "zł", "kč", "ft", "lei", "лв", "руб", "р",
    "rm", "rp", "tl", "r", "fr", "sfr", "euro", "s/",
];
/// Letters that may come with a sign: `US$`, `R$`.
const MAX_SIGN_LETTERS: usize = 3;

/// Whether a number is negative, and its digits and separators without currency and sign. `None`
/// when something else is around the number.
pub(super) fn without_currency(text: &str) -> Option<(bool, &str)> {
    let (negative, text) = without_sign(text);
    let first = text.find(|c: char| c.is_ascii_digit() || is_sign(c))?;
    let (before, rest) = text.split_at(first);
    // A point directly before the digits belongs to them, unless it ends a word: `.5`, `Rs.5`.
    let bare = before.trim_end();
    let lone = bare
        .strip_suffix(['.', ','])
        .filter(|before| before.trim().is_empty());
    let (before, rest) = match lone {
        Some(_) if bare.len() == before.len() => ("", text.get(bare.len() - 1..)?),
        _ => (bare, rest),
    };
    let (inner_sign, rest) = without_sign(rest);
    let last = rest.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (body, after) = rest.split_at(last);
    let known = is_currency(before) && is_currency(without_dash(after));
    known.then_some((negative || inner_sign, body))
}

fn without_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

const fn is_sign(c: char) -> bool {
    matches!(c, '-' | '+' | '\u{2212}')
}

/// What follows the dash that means no cents: `129,-`, `129:-`.
fn without_dash(after: &str) -> &str {
    let Some(rest) = after.strip_prefix([',', '.', ':']) else {
        return after;
    };
    let dashes = |c| matches!(c, '-' | '\u{2013}' | '\u{2014}');
    let after_dashes = rest.trim_start_matches(dashes);
    if after_dashes.len() < rest.len() {
        after_dashes
    } else {
        after
    }
}

fn is_currency(mark: &str) -> bool {
    let mark = mark.trim();
    if mark.is_empty() {
        return true;
    }
    let signless = mark
        .strip_prefix(is_currency_sign)
        .or_else(|| mark.strip_suffix(is_currency_sign));
    if let Some(letters) = signless {
        let letters = letters.trim();
        return letters.len() <= MAX_SIGN_LETTERS && letters.chars().all(char::is_alphabetic);
    }
    let word = mark.trim_end_matches('.').to_lowercase();
    CURRENCY_WORDS.contains(&word.as_str())
}

const fn is_currency_sign(c: char) -> bool {
    matches!(
        c,
        '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}' | '\u{e3f}' | '\u{9f2}' | '\u{9f3}'
            | '\u{17db}' | '\u{fdfc}' | '\u{ff04}' | '\u{ffe1}' | '\u{ffe5}'
    )
}
