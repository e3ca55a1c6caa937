//! Which attributes have columns of their own in an export: the ones that most products have. A file
//! has at most 256 columns; what does not fit is written as JSON into one column.

use std::collections::HashMap;

use super::export::{EXPORT_COLUMNS, ExportWriter};
use crate::domain::product::Attributes;

/// The most columns of a file.
const MAX_COLUMNS: usize = 256;
/// Columns of attributes: all but the id, the fields, and the one of what does not fit.
const MAX_ATTRIBUTE_COLUMNS: usize = MAX_COLUMNS - 1 - EXPORT_COLUMNS.len() - 1;
/// Names that are counted, in bytes; later ones have no column.
const MAX_COUNTED_BYTES: usize = 1024 * 1024;

/// Counts the names of attributes, in bounded memory.
#[derive(Debug, Default)]
pub struct ExportColumns {
    counts: HashMap<String, u64>,
    bytes: usize,
    /// A name was not counted.
    more: bool,
}

impl ExportColumns {
    /// Counts a product's attributes.
    pub fn count(&mut self, attributes: &Attributes) {
        for name in attributes.keys() {
            if let Some(count) = self.counts.get_mut(name) {
                *count += 1;
            } else if self.bytes + name.len() <= MAX_COUNTED_BYTES {
                self.bytes += name.len();
                self.counts.insert(name.clone(), 1);
            } else {
                self.more = true;
            }
        }
    }

    /// The writer of a file with columns for the most frequent names, in the order of the names.
    pub fn into_writer(self) -> ExportWriter {
        let mut counted: Vec<_> = self.counts.into_iter().collect();
        counted.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        let more = self.more || counted.len() > MAX_ATTRIBUTE_COLUMNS;
        counted.truncate(MAX_ATTRIBUTE_COLUMNS);
        let mut names: Vec<_> = counted.into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        ExportWriter::new(names, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(names: impl Iterator<Item = usize>) -> Attributes {
        names.map(|n| (format!("n{n:04}"), n.to_string())).collect()
    }

    fn columns(writer: &ExportWriter) -> Vec<String> {
        let header = String::from_utf8(writer.header(false)).unwrap();
        header.trim_end().split(',').map(str::to_owned).collect()
    }

    /// Red when: every name has a column.
    #[test]
    fn rare_names_share_a_column() {
        let mut counted = ExportColumns::default();
        counted.count(&attributes(0..2_000));
        counted.count(&attributes((0..2_000).rev().take(2)));
        let columns = columns(&counted.into_writer());
        assert_eq!(columns.len(), MAX_COLUMNS);
        assert!(columns.ends_with(&[
            "n1998".to_owned(),
            "n1999".to_owned(),
            "attributes".to_owned()
        ]));
    }

    #[test]
    fn few_names_all_have_columns() {
        let mut counted = ExportColumns::default();
        counted.count(&attributes(0..MAX_ATTRIBUTE_COLUMNS));
        let columns = columns(&counted.into_writer());
        assert_eq!(columns.len(), MAX_COLUMNS - 1);
        assert!(!columns.contains(&"attributes".to_owned()));
    }

    /// Red when: names are kept without a bound.
    #[test]
    fn endless_names_are_not_kept() {
        let mut counted = ExportColumns::default();
        for number in 0..200 {
            let long = format!("{number}{}", "x".repeat(16_000));
            counted.count(&Attributes::from([(long, String::new())]));
        }
        assert!(counted.bytes <= MAX_COUNTED_BYTES && counted.more);
    }
}
