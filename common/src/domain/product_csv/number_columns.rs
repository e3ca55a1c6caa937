//! Which style each column of numbers is in, judged by the first rows. What cannot be known is asked
//! for: a price must not be a thousand times another.

use super::{
    ColumnRole, CsvColumn, CsvDialect, DecimalMark, FilePosition, ImportOptions, ProductField,
    cell_splitter::CellSplitter,
    number_style::{StyleEvidence, style_evidence},
    plan_error::PlanError,
    record_reader::{RecordReader, RecordShape},
    utf16_reader::RecordBytes,
};

/// What the cells of a column say about its style.
#[derive(Debug, Default)]
struct StyleVotes {
    point: u64,
    comma: u64,
    /// The first cell that is a number in both styles.
    ambiguous: Option<String>,
}

impl StyleVotes {
    fn add(&mut self, cell: &str, whole: bool) {
        match style_evidence(cell, whole) {
            StyleEvidence::Nothing => {}
            StyleEvidence::Only(DecimalMark::Point) => self.point += 1,
            StyleEvidence::Only(DecimalMark::Comma) => self.comma += 1,
            StyleEvidence::Ambiguous => {
                self.ambiguous.get_or_insert_with(|| cell.trim().to_owned());
            }
        }
    }

    /// What most cells say; the others will be rejected.
    const fn winner(&self) -> Option<DecimalMark> {
        if self.point > self.comma {
            Some(DecimalMark::Point)
        } else if self.comma > self.point {
            Some(DecimalMark::Comma)
        } else {
            None
        }
    }

    /// Whether the cells say nothing that needs a style.
    const fn is_plain(&self) -> bool {
        self.point == 0 && self.comma == 0 && self.ambiguous.is_none()
    }
}

/// Sets the styles of the columns. `head` are the file's first bytes; `start` is the first row.
pub(super) fn set_styles(
    columns: &mut [CsvColumn],
    head: &[u8],
    dialect: CsvDialect,
    start: &FilePosition,
    options: &ImportOptions,
) -> Result<(), PlanError> {
    let numbers: Vec<(usize, bool)> = columns
        .iter()
        .enumerate()
        .filter_map(|(index, column)| Some((index, is_whole(column.role)?)))
        .collect();
    let votes = votes(&numbers, head, dialect, start);
    // Where a column does not say it, the others of the file do.
    let mut winners = votes.iter().filter_map(StyleVotes::winner);
    let of_file = winners
        .next()
        .filter(|first| winners.all(|other| other == *first));
    for ((index, _), votes) in numbers.iter().zip(&votes) {
        let Some(column) = columns.get_mut(*index) else {
            continue;
        };
        column.decimal = match options.decimal.or(votes.winner()) {
            None if votes.is_plain() => None,
            None => Some(of_file.ok_or_else(|| ambiguous(column, votes))?),
            known => known,
        };
    }
    Ok(())
}

/// Whether the numbers of a column are whole; `None` for a column of other things.
const fn is_whole(role: ColumnRole) -> Option<bool> {
    match role {
        ColumnRole::Field(ProductField::Price) => Some(false),
        ColumnRole::Field(ProductField::Quantity | ProductField::LowStockThreshold) => Some(true),
        _ => None,
    }
}

fn votes(
    numbers: &[(usize, bool)],
    head: &[u8],
    dialect: CsvDialect,
    start: &FilePosition,
) -> Vec<StyleVotes> {
    let from = usize::try_from(start.byte).unwrap_or(usize::MAX);
    let rows = RecordBytes::new(head.get(from..).unwrap_or_default(), dialect.encoding);
    let mut records = RecordReader::new(rows, dialect.syntax(), dialect.encoding, start);
    let mut splitter = CellSplitter::new(dialect.syntax());
    let mut votes: Vec<StyleVotes> = numbers.iter().map(|_| StyleVotes::default()).collect();
    // Reading from memory cannot fail; a last row that is cut off does no harm.
    while let Ok(Some(record)) = records.next() {
        if record.shape != RecordShape::Whole {
            continue;
        }
        let Ok(text) = dialect.encoding.decode(records.bytes(&record)) else {
            continue;
        };
        let cells = splitter.split(&text);
        for ((index, whole), votes) in numbers.iter().zip(&mut votes) {
            votes.add(cells.text(*index), *whole);
        }
    }
    votes
}

fn ambiguous(column: &CsvColumn, votes: &StyleVotes) -> PlanError {
    let name = &column.header;
    let rest = match &votes.ambiguous {
        Some(cell) if votes.point == 0 => format!(
            "is needed: the column {name:?} has numbers such as {cell:?}, which may be thousands or \
             a fraction; give decimal=. or decimal=,"
        ),
        _ => format!(
            "is needed: the column {name:?} has numbers with a decimal point and numbers with a \
             decimal comma; give decimal=. or decimal=,"
        ),
    };
    PlanError::invalid("decimal", "ambiguous", &rest)
}
