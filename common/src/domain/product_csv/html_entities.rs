//! HTML entities in names and categories: shops export `Salt &amp; pepper` and mean what a browser
//! shows.

/// The named characters from U+00A0 on, in order.
const LATIN_1_NAMES: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];
/// The others that shops write.
const OTHER_NAMES: [(&str, char); 18] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("hellip", '…'),
    ("bull", '•'),
    ("euro", '€'),
    ("trade", '™'),
    ("prime", '′'),
];
/// The longest entity, in bytes between `&` and `;`.
const MAX_ENTITY_BYTES: usize = 8;

/// The text with its entities decoded once; `None` when it has none.
pub(super) fn decoded_entities(text: &str) -> Option<String> {
    if !text.contains('&') {
        return None;
    }
    let mut decoded = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        match entity(after) {
            Some((character, after)) => {
                found = true;
                decoded.push(character);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    found.then_some(decoded)
}

/// The character that the text after a `&` means, and what follows its `;`.
fn entity(text: &str) -> Option<(char, &str)> {
    let (name, after) = text.split_once(';')?;
    if name.len() > MAX_ENTITY_BYTES {
        return None;
    }
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(name)?,
    };
    Some((character, after))
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    let character = char::from_u32(code.ok()?)?;
    (!character.is_control()).then_some(character)
}

fn named(name: &str) -> Option<char> {
    let mut others = OTHER_NAMES.iter();
    if let Some((_, character)) = others.find(|(known, _)| *known == name) {
        return Some(*character);
    }
    let place = LATIN_1_NAMES.iter().position(|known| *known == name)?;
    char::from_u32(0xa0 + u32::try_from(place).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when: an entity stays, is decoded twice, or text that is none is altered.
    #[test]
    fn entities_are_decoded_once() {
        for (text, decoded) in [
            ("Salt &amp; pepper", Some("Salt & pepper")),
            ("a &#39;b&#x27; &quot;c&quot;", Some("a 'b' \"c\"")),
            ("Caf&eacute; &ndash; &yuml;&nbsp;", Some("Café – ÿ\u{a0}")),
            ("&amp;lt;", Some("&lt;")),
            ("R&D; B & C", None),
            ("&#0; &#xd800; &unknown; &", None),
            ("plain", None),
        ] {
            assert_eq!(decoded_entities(text).as_deref(), decoded, "{text}");
        }
    }
}
