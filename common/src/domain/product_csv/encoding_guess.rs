//! Which encoding a file has, from its first bytes. Read is what can hardly be anything else: UTF-8,
//! UTF-16 with its mark, Windows-1252. Anything else is refused with the option that settles it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::{file_encoding::FileEncoding, plan_error::PlanError};

/// The UTF-8 byte order mark.
pub(super) const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The encoding, and how long the byte order mark is. `complete`: there are no more bytes.
pub(super) fn guess_encoding(
    head: &[u8],
    complete: bool,
    chosen: Option<FileEncoding>,
) -> Result<(FileEncoding, usize), PlanError> {
    if head.starts_with(UTF8_BOM) {
        return Ok((FileEncoding::UTF_8, UTF8_BOM.len()));
    }
    match head {
        [0xff, 0xfe, ..] => return Ok((FileEncoding::UTF_16LE, 2)),
        [0xfe, 0xff, ..] => return Ok((FileEncoding::UTF_16BE, 2)),
        _ => {}
    }
    if let Some(chosen) = chosen {
        return Ok((chosen, 0));
    }
    refuse_nul(head)?;
    let (characters, faults) = count_utf8(head);
    // A file that is UTF-8 but for a few bytes is one; its rows with these are rejected.
    if faults == 0 || characters > faults {
        return Ok((FileEncoding::UTF_8, 0));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, complete);
    let found = FileEncoding::of(detector.guess(None, Utf8Detection::Deny));
    if found != FileEncoding::WINDOWS_1252 {
        return Err(other_than("", found.as_str()));
    }
    if looks_like_mac_roman(head) {
        return Err(other_than(" nor plainly windows-1252", "macintosh"));
    }
    Ok((FileEncoding::WINDOWS_1252, 0))
}

fn other_than(but: &str, likely: &str) -> PlanError {
    let rest = format!(
        "is not UTF-8{but}; it looks like {likely}. Give encoding={likely}, or the encoding it has \
         (windows-1252, macintosh, …), or save it again as CSV UTF-8"
    );
    PlanError::encoding(&rest)
}

fn refuse_nul(head: &[u8]) -> Result<(), PlanError> {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !line.contains(&0) {
        return Ok(());
    }
    let name = match line {
        [0, ..] => "utf-16be",
        _ => "utf-16le",
    };
    let rest = format!(
        "has NUL bytes, as UTF-16 has; give encoding={name}, or save it again as CSV UTF-8"
    );
    Err(PlanError::encoding(&rest))
}

/// Characters beyond ASCII that are well formed, and bytes that are not. A character that the
/// last bytes begin counts as neither.
fn count_utf8(bytes: &[u8]) -> (usize, usize) {
    let (mut characters, mut faults) = (0, 0);
    let mut rest = bytes;
    loop {
        let (good, bad, after) = match std::str::from_utf8(rest) {
            Ok(text) => (text, 0, None),
            Err(error) => {
                let (good, after) = rest.split_at(error.valid_up_to());
                let text = std::str::from_utf8(good).unwrap_or_default();
                let skipped = error.error_len().and_then(|len| after.get(len..));
                (text, usize::from(error.error_len().is_some()), skipped)
            }
        };
        characters += good.chars().filter(|c| !c.is_ascii()).count();
        faults += bad;
        match after {
            Some(after) => rest = after,
            None => return (characters, faults),
        }
    }
}

/// Whether letters with accents are where Mac Roman has them: inside words, Windows-1252 has
/// them from 0xC0 on, Mac Roman from 0x80 to 0x9F; bytes unassigned in Windows-1252 settle it.
fn looks_like_mac_roman(head: &[u8]) -> bool {
    let (mut mac, mut windows) = (0_usize, 0_usize);
    for pair in head.windows(2) {
        let [before, byte] = pair else { continue };
        let in_word = before.is_ascii_lowercase();
        match byte {
            0x81 | 0x8d | 0x8f | 0x90 | 0x9d => return true,
            0x80 | 0x85 | 0x91..=0x97 | 0x99 => {}
            0x82..=0x9f => mac += usize::from(in_word),
            0xc0.. => windows += usize::from(in_word),
            _ => {}
        }
    }
    mac > windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(bytes: &[u8]) -> Result<&'static str, String> {
        let found = guess_encoding(bytes, true, None);
        found
            .map(|(encoding, _)| encoding.as_str())
            .map_err(|error| error.to_string())
    }

    /// Red when: a file is read in an encoding that it does not have.
    #[test]
    fn encodings_are_found_or_asked_for() {
        for (bytes, name) in [
            (&b"name,price\nLamp,1\n"[..], "UTF-8"),
            ("Küche,Größe".as_bytes(), "UTF-8"),
            (
                "Küche,Größe und \u{20ac}\n".as_bytes().split_at(20).0,
                "UTF-8",
            ),
            (b"\xc3\xbc\xc3\xb6 \xe4", "UTF-8"),
            (b"name,price\nK\xfcche,1\nGr\xf6\xdfe,2\n", "windows-1252"),
            (
                b"nom,prix\nCaf\xe9 cr\xe8me,1\nTh\xe9i\xe8re \x96 2 \x80,2\n",
                "windows-1252",
            ),
            (b"\xff\xfea\0", "UTF-16LE"),
            (b"\xfe\xff\0a", "UTF-16BE"),
        ] {
            assert_eq!(guessed(bytes), Ok(name));
        }
        for (bytes, option) in [
            (&b"name\nCaf\x8e cr\x8fme\n"[..], "encoding=macintosh"),
            (b"name\nCaf\x8e au lait\nTh\x8eatre\n", "encoding=macintosh"),
            (b"n\0a\0m\0e\0", "encoding=utf-16le"),
            (
                b"\xd1\xf2\xee\xeb\xee\xe2\xe0\xff \xeb\xee\xe6\xea\xe0 \xf7\xe0\xe9\xed\xe8\xea",
                "encoding=windows-1251",
            ),
        ] {
            let error = guessed(bytes).unwrap_err();
            assert!(error.contains(option), "{error}");
        }
    }
}
