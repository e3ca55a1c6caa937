//! One row against the rules: cells become a product, or a reject that says what to mend.
//!
//! The field rules are those of the HTTP interface. A blank quantity, category or threshold is
//! not given and filled by the default; a blank description clears the known one.

use super::{
    ColumnRole, FieldSet, FileRow, ImportMode, ImportPlan, ParsedRow, ProductField, RejectedRow,
    cell_splitter::{CellSplitter, RowCells},
    cell_text::unmarked,
    default_values::DefaultValues,
    preset::PresetState,
    record_reader::{RawRecord, RecordShape},
    reject_encoder::RejectEncoder,
    row_error::{MAX_CELL_BYTES, RowError},
    row_fields::RowFields,
};
use crate::domain::product::{
    Attributes, FieldError, NewProduct,
    fields::{self, ATTRIBUTES_MAX_BYTES, FieldResult},
};

/// What a plan says about rows, in the shape in which it is needed for each of them.
#[derive(Debug)]
pub(super) struct RowRules {
    headers: Vec<String>,
    encoder: RejectEncoder,
    fields: Vec<(ProductField, usize)>,
    attributes: Vec<usize>,
    defaults: DefaultValues,
    key_required: bool,
}

impl RowRules {
    pub(super) fn new(plan: &ImportPlan) -> Self {
        let columns = || plan.columns.iter().enumerate();
        Self {
            headers: plan.columns.iter().map(|c| c.header.clone()).collect(),
            encoder: RejectEncoder::new(plan),
            fields: columns()
                .filter_map(|(index, column)| match column.role {
                    ColumnRole::Field(field) => Some((field, index)),
                    _ => None,
                })
                .collect(),
            attributes: columns()
                .filter(|(_, column)| column.role == ColumnRole::Attribute)
                .map(|(index, _)| index)
                .collect(),
            defaults: DefaultValues::new(plan),
            key_required: plan.mode == ImportMode::Update,
        }
    }

    /// Judges one record.
    pub(super) fn row(
        &self,
        record: &RawRecord,
        bytes: &[u8],
        splitter: &mut CellSplitter,
        preset_state: &mut PresetState,
    ) -> FileRow {
        if record.shape == RecordShape::TooLarge {
            let blank = self.encoder.encoded(&splitter.split(""));
            return self.reject(record, blank, RowError::record_too_large());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = record.byte + error.valid_up_to() as u64;
                let kept = self.encoder.encoded_bytes(bytes, splitter);
                return self.reject(record, kept, RowError::encoding(at));
            }
        };
        let cells = splitter.split(text);
        if let Err(row_error) = self.check_shape(record, &cells) {
            return self.reject(record, self.encoder.encoded(&cells), row_error);
        }
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return FileRow::Skipped;
        }
        let mut row_fields = self.row_fields(&cells);
        if !preset_state.complete(&cells, &mut row_fields) {
            return FileRow::Skipped;
        }
        match self.product(&row_fields, &cells) {
            Ok((product, given)) => FileRow::Product(ParsedRow {
                line: record.line,
                product,
                given,
                record: self.encoder.reject_record(text, &cells),
            }),
            Err(row_error) => {
                self.reject(record, self.encoder.reject_record(text, &cells), row_error)
            }
        }
    }

    fn check_shape(&self, record: &RawRecord, cells: &RowCells<'_>) -> Result<(), RowError> {
        if let Some(fault) = RowError::of_quotes(record) {
            return Err(fault);
        }
        if let Some(index) = cells.longer_than(MAX_CELL_BYTES) {
            return Err(RowError::field_too_large(self.header(index)));
        }
        let surplus = (self.headers.len()..cells.len()).find(|i| !cells.text(*i).trim().is_empty());
        if surplus.is_some() {
            return Err(RowError::too_many_cells(cells.len(), self.headers.len()));
        }
        Ok(())
    }

    fn row_fields<'a>(&self, cells: &RowCells<'a>) -> RowFields<'a> {
        let mut row_fields = RowFields::default();
        for (field, index) in &self.fields {
            match cells.get(*index) {
                Some(cell) if cell.trim().is_empty() => row_fields.set(*field, ""),
                Some(cell) => row_fields.set(*field, unmarked(cell)),
                None => {}
            }
        }
        row_fields
    }

    /// Every rule is tried, so that a row's faults are reported together.
    fn product(
        &self,
        row_fields: &RowFields<'_>,
        cells: &RowCells<'_>,
    ) -> Result<(NewProduct, FieldSet), RowError> {
        let mut errors = Vec::new();
        let mut given = FieldSet::default();
        let mut checker = FieldChecker {
            row_fields,
            given: &mut given,
            errors: &mut errors,
        };
        let name = checker.required(ProductField::Name, fields::name);
        let description = checker.description();
        let price = checker.required(ProductField::Price, fields::price);
        let quantity = checker.optional(ProductField::Quantity, fields::quantity);
        let category = checker.optional(ProductField::Category, fields::category);
        let sku = checker.optional(ProductField::Sku, sku).flatten();
        let threshold =
            checker.optional(ProductField::LowStockThreshold, fields::low_stock_threshold);
        if self.key_required && row_fields.is_blank(ProductField::Sku) {
            errors.push(FieldError::required("sku"));
        }
        let attributes = self.attributes(cells);
        match (name, price, attributes) {
            (Some(name), Some(price), Ok(attributes)) if errors.is_empty() => {
                let product = NewProduct {
                    name,
                    description: description.or_else(|| self.defaults.description.clone()),
                    price,
                    quantity: quantity.unwrap_or(self.defaults.quantity),
                    category: category.unwrap_or_else(|| self.defaults.category.clone()),
                    sku,
                    low_stock_threshold: threshold.or(self.defaults.low_stock_threshold),
                    attributes,
                };
                Ok((product, given))
            }
            (_, _, attributes) => {
                errors.extend(attributes.err());
                Err(self.row_error(&errors))
            }
        }
    }

    /// The non-blank cells of the attribute columns. An object past the limit loses its longest
    /// values rather than the row.
    fn attributes(&self, cells: &RowCells<'_>) -> FieldResult<Option<Attributes>> {
        let mut attributes = Attributes::new();
        for index in &self.attributes {
            let cell = cells.text(*index);
            if cell.trim().is_empty() {
                continue;
            }
            let name = self.header(*index);
            if cell.contains('\0') {
                let rest = "must not contain a NUL character";
                return Err(FieldError::new(name, "no_nul", rest, ""));
            }
            attributes.insert(name.to_owned(), unmarked(cell).to_owned());
        }
        drop_largest(&mut attributes);
        Ok((!attributes.is_empty()).then_some(attributes))
    }

    fn header(&self, index: usize) -> &str {
        self.headers.get(index).map_or("", String::as_str)
    }

    fn row_error(&self, errors: &[FieldError]) -> RowError {
        let leading = errors.first().map_or("", |error| error.field.as_str());
        let field = ProductField::from_name(leading);
        let column = self.fields.iter().find(|(known, _)| Some(*known) == field);
        RowError::of_fields(
            column.map_or(leading, |(_, index)| self.header(*index)),
            errors,
        )
    }

    fn reject(&self, record: &RawRecord, bytes: Vec<u8>, row_error: RowError) -> FileRow {
        FileRow::Rejected(RejectedRow {
            line: record.line,
            column: row_error.column,
            code: row_error.code,
            message: row_error.message,
            hint: row_error.hint,
            record: bytes,
        })
    }
}

/// Takes the fields out of a draft, noting which are given and which are at fault.
struct FieldChecker<'a, 'd> {
    row_fields: &'a RowFields<'d>,
    given: &'a mut FieldSet,
    errors: &'a mut Vec<FieldError>,
}

impl FieldChecker<'_, '_> {
    fn required<T>(&mut self, field: ProductField, rule: fn(&str) -> FieldResult<T>) -> Option<T> {
        if self.row_fields.is_blank(field) {
            self.errors.push(FieldError::required(field.as_str()));
            return None;
        }
        self.optional(field, rule)
    }

    /// A blank text is not given.
    fn optional<T>(&mut self, field: ProductField, rule: fn(&str) -> FieldResult<T>) -> Option<T> {
        if self.row_fields.is_blank(field) {
            return None;
        }
        *self.given |= FieldSet::of(field);
        rule(self.row_fields.text(field))
            .map_err(|error| self.errors.push(error))
            .ok()
    }

    /// A blank cell is given too: it clears the description.
    fn description(&mut self) -> Option<String> {
        let text = self.row_fields.get(ProductField::Description)?;
        *self.given |= FieldSet::DESCRIPTION;
        fields::description(text)
            .map_err(|error| self.errors.push(error))
            .ok()
            .flatten()
    }
}

/// The field's rule, and one of our own: a number like `2.09147E+12` has lost digits.
fn sku(text: &str) -> FieldResult<Option<String>> {
    if is_spreadsheet_number(text.trim()) {
        let rest = format!("is {text:?}: a spreadsheet has replaced digits of it by an exponent");
        return Err(FieldError::new("sku", "spreadsheet_number", &rest, text));
    }
    fields::sku(text)
}

/// Digits, an optional fraction, and `E+` with an exponent.
fn is_spreadsheet_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && exponent.strip_prefix('+').is_some_and(digits)
}

/// Leaves out the longest attributes until the rest fits.
fn drop_largest(attributes: &mut Attributes) {
    let raw: usize = attributes.iter().map(|(k, v)| k.len() + v.len()).sum();
    // JSON makes at most six bytes of one, and six of punctuation per attribute.
    if raw * 6 + attributes.len() * 6 + 2 <= ATTRIBUTES_MAX_BYTES {
        return;
    }
    let sized = attributes
        .iter()
        .map(|pair| (fields::attribute_bytes(pair), pair.0.clone()));
    let mut by_size: Vec<(usize, String)> = sized.collect();
    by_size.sort_unstable();
    let mut bytes = 2 + by_size.iter().map(|(size, _)| size).sum::<usize>();
    while bytes > ATTRIBUTES_MAX_BYTES {
        let Some((size, name)) = by_size.pop() else {
            return;
        };
        attributes.remove(&name);
        bytes -= size;
    }
}
