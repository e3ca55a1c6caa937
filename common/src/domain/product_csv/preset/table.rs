//! Rows of the shapes that a table of names and a small rule describe.

use super::cell;
use crate::domain::product_csv::{
    ColumnRole, DecimalMark, ImportPlan, ProductField, SkipReason,
    cell_splitter::RowCells,
    header::{find, fold},
    row_fields::RowFields,
    shapes::{self, RowKind, ShapeParent, ShapeRow, ShopShape},
};

/// Reads the rows.
#[derive(Debug)]
pub(in crate::domain::product_csv) struct TableState {
    shape: &'static ShopShape,
    fallbacks: Vec<(ProductField, usize)>,
    handle: Option<usize>,
    options: Vec<usize>,
    helpers: Vec<Option<usize>>,
    sums: Vec<FieldSum>,
    parent: Option<ShapeParent>,
}

/// A field that several columns add up to.
#[derive(Debug)]
struct FieldSum {
    field: ProductField,
    columns: Vec<(usize, DecimalMark)>,
}

impl TableState {
    pub(super) fn new(plan: &ImportPlan, saved: Option<&str>) -> Self {
        let shape = shapes::of(plan.preset);
        let folded: Vec<String> = plan.columns.iter().map(|c| fold(&c.header)).collect();
        let column = |names: &&[&str]| find(&folded, names);
        let fallbacks = shape.fallbacks.iter();
        Self {
            shape,
            fallbacks: fallbacks
                .filter_map(|(field, names)| Some((*field, column(names)?)))
                .collect(),
            handle: column(&shape.handle),
            options: shape.options.iter().filter_map(column).collect(),
            helpers: shape.helpers.iter().map(column).collect(),
            sums: shape
                .sums
                .iter()
                .map(|(field, _)| FieldSum::new(plan, *field))
                .collect(),
            parent: saved.and_then(|json| serde_json::from_str(json).ok()),
        }
    }

    pub(super) fn saved(&self) -> Option<String> {
        serde_json::to_string(self.parent.as_ref()?).ok()
    }

    pub(super) fn complete<'a>(
        &mut self,
        cells: &RowCells<'a>,
        row_fields: &mut RowFields<'a>,
    ) -> Result<(), SkipReason> {
        for (field, column) in &self.fallbacks {
            if row_fields.is_blank(*field) {
                row_fields.set(*field, cells.text(*column));
            }
        }
        for sum in &self.sums {
            sum.fill(cells, row_fields);
        }
        if let Some(end) = self.shape.category_end {
            let paths = row_fields.text(ProductField::Category);
            let first = paths
                .split(end)
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned();
            row_fields.set(ProductField::Category, first);
        }
        let row = ShapeRow {
            cells,
            helpers: &self.helpers,
            parent: self.parent.as_ref(),
        };
        let handle = cell(cells, self.handle);
        match (self.shape.rule)(&row, row_fields) {
            RowKind::Skipped(reason) => return Err(reason),
            RowKind::Parent => {
                self.remember(handle, row_fields);
                return Err(SkipReason::Parent);
            }
            RowKind::Variant(values) => {
                self.inherit(handle, row_fields);
                name_variant(row_fields, &values);
            }
            RowKind::Item => self.item(handle, cells, row_fields),
        }
        Ok(())
    }

    fn item<'a>(&mut self, handle: &str, cells: &RowCells<'a>, row_fields: &mut RowFields<'a>) {
        if !row_fields.is_blank(ProductField::Name) {
            self.remember(handle, row_fields);
        } else if self.handle.is_some() || !self.options.is_empty() {
            self.inherit(handle, row_fields);
        }
        let values = self.options.iter().map(|column| cells.text(*column).trim());
        let values =
            values.filter(|value| !value.is_empty() && !self.shape.no_option.contains(value));
        let values: Vec<String> = values.map(str::to_owned).collect();
        name_variant(row_fields, &values);
    }

    fn remember(&mut self, handle: &str, row_fields: &RowFields<'_>) {
        let text = |field| row_fields.text(field).to_owned();
        self.parent = Some(ShapeParent {
            handle: handle.to_owned(),
            name: text(ProductField::Name),
            description: text(ProductField::Description),
            category: text(ProductField::Category),
            price: text(ProductField::Price),
        });
    }

    /// Takes over what the product's own row said.
    fn inherit(&self, handle: &str, row_fields: &mut RowFields<'_>) {
        let Some(parent) = self
            .parent
            .as_ref()
            .filter(|parent| parent.handle == handle)
        else {
            return;
        };
        for (field, text) in [
            (ProductField::Name, &parent.name),
            (ProductField::Description, &parent.description),
            (ProductField::Category, &parent.category),
            (ProductField::Price, &parent.price),
        ] {
            if row_fields.is_blank(field) && !text.is_empty() {
                row_fields.set(field, text.clone());
            }
        }
    }
}

impl FieldSum {
    fn new(plan: &ImportPlan, field: ProductField) -> Self {
        let columns = plan.columns.iter().enumerate();
        let own = columns.filter(|(_, column)| column.role == ColumnRole::Field(field));
        let mark = |mark: Option<DecimalMark>| mark.unwrap_or(DecimalMark::Point);
        Self {
            field,
            columns: own
                .map(|(index, column)| (index, mark(column.decimal)))
                .collect(),
        }
    }

    /// Adds up what is there; a cell that is no whole number is left for the rule to refuse.
    fn fill<'a>(&self, cells: &RowCells<'a>, row_fields: &mut RowFields<'a>) {
        let mut sum = None;
        for (column, mark) in &self.columns {
            let cell = cells.text(*column);
            if cell.trim().is_empty() {
                continue;
            }
            let number = mark.plain_number(cell).and_then(|plain| whole(&plain));
            let Some(number) = number else {
                return row_fields.set(self.field, cell);
            };
            sum = Some(sum.unwrap_or(0_i64).saturating_add(number));
        }
        row_fields.set(
            self.field,
            sum.map_or_else(String::new, |sum| sum.to_string()),
        );
    }
}

fn whole(plain: &str) -> Option<i64> {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let zeros = fraction.bytes().all(|digit| digit == b'0');
    zeros.then(|| whole.parse().ok()).flatten()
}

/// A variant's name is its product's and its option values.
fn name_variant(row_fields: &mut RowFields<'_>, values: &[String]) {
    if values.is_empty() || row_fields.is_blank(ProductField::Name) {
        return;
    }
    let name = format!(
        "{} - {}",
        row_fields.text(ProductField::Name).trim(),
        values.join(" / ")
    );
    row_fields.set(ProductField::Name, name);
}
