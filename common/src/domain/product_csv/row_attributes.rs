//! The cells that go to `attributes`. What cannot be kept is left out and named in a warning; it
//! never costs the row.

use super::{
    ColumnRole, ImportPlan, RowWarning, cell_splitter::RowCells, cell_text::unmarked,
    header::OTHER_ATTRIBUTES,
};
use crate::domain::product::{
    Attributes,
    fields::{self, ATTRIBUTES_MAX_BYTES},
};

/// The code of these warnings.
const DROPPED_CODE: &str = "ATTRIBUTE_DROPPED";

/// The attribute columns of a file.
#[derive(Debug)]
pub(super) struct AttributeColumns {
    /// Their places and names.
    named: Vec<(usize, String)>,
    /// The place of those that share a column, as JSON.
    others: Option<usize>,
}

impl AttributeColumns {
    pub(super) fn new(plan: &ImportPlan) -> Self {
        let columns = plan.columns.iter().enumerate();
        let kept = columns.filter(|(_, column)| column.role == ColumnRole::Attribute);
        let mut roles = plan.columns.iter().map(|column| column.role);
        Self {
            named: kept
                .map(|(index, column)| (index, column.header.clone()))
                .collect(),
            others: roles.position(|role| role == ColumnRole::OtherAttributes),
        }
    }

    /// The non-blank cells. An object past the limit loses its longest values.
    pub(super) fn read(
        &self,
        line: u64,
        cells: &RowCells<'_>,
        warnings: &mut Vec<RowWarning>,
    ) -> Option<Attributes> {
        let mut attributes = self.others(line, cells, warnings);
        for (index, name) in &self.named {
            let cell = cells.text(*index);
            if cell.trim().is_empty() {
                continue;
            }
            if cell.contains('\0') {
                let why = "it has a NUL character, as UTF-16 has";
                warnings.push(dropped(line, name, why));
                continue;
            }
            attributes.insert(name.clone(), unmarked(cell).to_owned());
        }
        for name in drop_largest(&mut attributes) {
            let why = "the attributes of a product are at most 16 KiB, and this is the longest";
            warnings.push(dropped(line, &name, why));
        }
        (!attributes.is_empty()).then_some(attributes)
    }
}

impl AttributeColumns {
    /// Those that share a column.
    fn others(
        &self,
        line: u64,
        cells: &RowCells<'_>,
        warnings: &mut Vec<RowWarning>,
    ) -> Attributes {
        let cell = self.others.map_or("", |index| cells.text(index).trim());
        if cell.is_empty() {
            return Attributes::new();
        }
        let read = serde_json::from_str::<Attributes>(unmarked(cell)).ok();
        let is_text = |all: &Attributes| {
            !all.iter()
                .any(|(k, v)| k.contains('\0') || v.contains('\0'))
        };
        read.filter(is_text).unwrap_or_else(|| {
            let why = "it is no JSON object of texts";
            warnings.push(dropped(line, OTHER_ATTRIBUTES, why));
            Attributes::new()
        })
    }
}

fn dropped(line: u64, column: &str, why: &str) -> RowWarning {
    RowWarning {
        line,
        column: column.to_owned(),
        code: DROPPED_CODE.to_owned(),
        message: format!("the attribute {column:?} is left out: {why}"),
    }
}

/// Leaves out the longest attributes until the rest fits, and returns their names.
fn drop_largest(attributes: &mut Attributes) -> Vec<String> {
    let mut names = Vec::new();
    let raw: usize = attributes.iter().map(|(k, v)| k.len() + v.len()).sum();
    // JSON makes at most six bytes of one, and six of punctuation per attribute.
    if raw * 6 + attributes.len() * 6 + 2 <= ATTRIBUTES_MAX_BYTES {
        return names;
    }
    let sized = attributes
        .iter()
        .map(|pair| (fields::attribute_bytes(pair), pair.0.clone()));
    let mut by_size: Vec<(usize, String)> = sized.collect();
    by_size.sort_unstable();
    let mut bytes = 2 + by_size.iter().map(|(size, _)| size).sum::<usize>();
    while bytes > ATTRIBUTES_MAX_BYTES {
        let Some((size, name)) = by_size.pop() else {
            break;
        };
        attributes.remove(&name);
        bytes -= size;
        names.push(name);
    }
    names
}
