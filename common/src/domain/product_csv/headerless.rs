//! Files whose first line is data already: their columns are mapped by position, `#1=sku`.

use super::{
    FilePosition, ImportOptions,
    dialect::FileHeader,
    header::{HeaderCell, fold},
    plan_error::PlanError,
};

/// Reads a first line of data as what it is, when every mapped column is given by its position;
/// refuses it otherwise. A line with a name that we know is a header.
pub(super) fn with_positions(
    header: FileHeader,
    options: &ImportOptions,
) -> Result<FileHeader, PlanError> {
    if header.recognised > 0 || !header.cells.iter().any(|cell| is_number(&cell.name)) {
        return Ok(header);
    }
    let mut names = options.map.iter().map(|(name, _)| name);
    let by_position = !options.map.is_empty() && names.all(|name| position(name).is_some());
    let mut names = options.map.iter().map(|(name, _)| fold(name));
    if by_position {
        let cells = (1..=header.cells.len()).map(positional_cell).collect();
        let end = FilePosition {
            ..header.start.clone()
        };
        return Ok(FileHeader {
            cells,
            end,
            ..header
        });
    }
    if names.any(|name| header.cells.iter().any(|cell| cell.folded == name)) {
        return Ok(header);
    }
    let shown: Vec<String> = header
        .cells
        .iter()
        .take(4)
        .map(|cell| format!("{:?}", cell.name))
        .collect();
    let rest = format!(
        "has no header: its first line looks like data ({}). Add a line with the names of the \
         columns, or map them by position, such as map=#1=sku, map=#2=name and map=#4=price",
        shown.join(", ")
    );
    Err(PlanError::invalid("file", "header", &rest))
}

/// The index of the column that a name such as `#3` means.
pub(super) fn position(name: &str) -> Option<usize> {
    let number: usize = name.trim().strip_prefix('#')?.parse().ok()?;
    number.checked_sub(1)
}

fn positional_cell(number: usize) -> HeaderCell {
    let name = format!("#{number}");
    HeaderCell {
        folded: fold(&name),
        name,
        marked: false,
    }
}

/// Whether no header would have such a name: digits, with separators among them.
fn is_number(name: &str) -> bool {
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '-' | '+');
    name.len() > 1 && name.chars().all(number) && name.contains(|c: char| c.is_ascii_digit())
}
