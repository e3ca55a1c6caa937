//! One row against the rules: cells become a product, or a reject that says what to mend.
//!
//! The field rules are those of the HTTP interface. A blank quantity, category or threshold is
//! not given and filled by the default; a blank description clears the known one.

use super::{
    Field, Fields, ImportMode, ImportRow, Plan, Reject, Role, Row,
    cell::{unmarked, write_cell},
    cells::{Cells, Splitter},
    draft::Draft,
    hints::hint,
    preset::Reading,
    records::{RECORD_MAX, Record, Shape},
    rejects::kept_columns,
};
use crate::product::{
    Attributes, FieldError, NewProduct,
    fields::{self, ATTRIBUTES_MAX_BYTES, Checked},
};

/// The longest cell, in bytes.
const FIELD_MAX: usize = 64 * 1024;

/// What a plan says about rows, in the shape in which it is needed for each of them.
#[derive(Debug)]
pub(super) struct Rules {
    delimiter: u8,
    headers: Vec<String>,
    /// Columns of the original file, without those a rejects file adds.
    kept: usize,
    fields: Vec<(Field, usize)>,
    attributes: Vec<usize>,
    defaults: Defaults,
    key_required: bool,
}

#[derive(Debug)]
struct Defaults {
    description: Option<String>,
    quantity: i32,
    category: String,
    low_stock_threshold: Option<i32>,
}

impl Defaults {
    fn new(plan: &Plan) -> Self {
        let of = |field| {
            let mut all = plan.defaults.iter();
            all.find(|(known, _)| *known == field)
                .map(|(_, value)| value.as_str())
        };
        let threshold = of(Field::LowStockThreshold).map(fields::low_stock_threshold);
        Self {
            description: of(Field::Description).map(str::to_owned),
            quantity: of(Field::Quantity).map_or(0, |text| fields::quantity(text).unwrap_or(0)),
            category: of(Field::Category).unwrap_or_default().trim().to_owned(),
            low_stock_threshold: threshold.and_then(Result::ok),
        }
    }
}

impl Rules {
    pub(super) fn new(plan: &Plan, delimiter: u8) -> Self {
        let columns = || plan.columns.iter().enumerate();
        Self {
            delimiter,
            headers: plan.columns.iter().map(|c| c.header.clone()).collect(),
            kept: kept_columns(plan).len(),
            fields: columns()
                .filter_map(|(index, column)| match column.role {
                    Role::Field(field) => Some((field, index)),
                    _ => None,
                })
                .collect(),
            attributes: columns()
                .filter(|(_, column)| column.role == Role::Attribute)
                .map(|(index, _)| index)
                .collect(),
            defaults: Defaults::new(plan),
            key_required: plan.mode == ImportMode::Update,
        }
    }

    /// Judges one record.
    pub(super) fn row(
        &self,
        record: &Record,
        bytes: &[u8],
        splitter: &mut Splitter,
        reading: &mut Reading,
    ) -> Row {
        if record.shape == Shape::TooLarge {
            let cells = splitter.split("");
            return self.reject(record, self.encoded(&cells), Fault::record_too_large());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = record.byte + error.valid_up_to() as u64;
                return self.reject(record, bytes.to_vec(), Fault::encoding(at));
            }
        };
        let cells = splitter.split(text);
        if let Err(fault) = self.check_shape(record, &cells) {
            return self.reject(record, self.encoded(&cells), fault);
        }
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Row::Skipped;
        }
        let mut draft = Draft::default();
        for (field, index) in &self.fields {
            if let Some(cell) = cells.get(*index) {
                draft.set(*field, unmarked(cell));
            }
        }
        if !reading.complete(&cells, &mut draft) {
            return Row::Skipped;
        }
        match self.product(&draft, &cells) {
            Ok((product, given)) => Row::Product(ImportRow {
                line: record.line,
                product,
                given,
                record: self.as_read(text, &cells),
            }),
            Err(fault) => self.reject(record, self.as_read(text, &cells), fault),
        }
    }

    fn check_shape(&self, record: &Record, cells: &Cells<'_>) -> Result<(), Fault> {
        if record.shape == Shape::Unclosed {
            return Err(Fault::unclosed(record.line));
        }
        if let Some(index) = cells.longer_than(FIELD_MAX) {
            return Err(Fault::field_too_large(self.header(index)));
        }
        let surplus = (self.headers.len()..cells.len()).find(|i| !cells.text(*i).trim().is_empty());
        if surplus.is_some() {
            return Err(Fault::too_many_cells(cells.len(), self.headers.len()));
        }
        Ok(())
    }

    /// Every rule is tried, so that a row's faults are reported together.
    fn product(&self, draft: &Draft<'_>, cells: &Cells<'_>) -> Result<(NewProduct, Fields), Fault> {
        let mut errors = Vec::new();
        let mut given = Fields::default();
        let mut filled = Filled {
            draft,
            given: &mut given,
            errors: &mut errors,
        };
        let name = filled.required(Field::Name, fields::name);
        let description = filled.description();
        let price = filled.required(Field::Price, fields::price);
        let quantity = filled.optional(Field::Quantity, fields::quantity);
        let category = filled.optional(Field::Category, fields::category);
        let sku = filled.optional(Field::Sku, sku).flatten();
        let threshold = filled.optional(Field::LowStockThreshold, fields::low_stock_threshold);
        if self.key_required && draft.is_blank(Field::Sku) {
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
                Err(self.fault(errors))
            }
        }
    }

    /// The non-blank cells of the attribute columns. An object past the limit loses its longest
    /// values rather than the row.
    fn attributes(&self, cells: &Cells<'_>) -> Checked<Option<Attributes>> {
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
        shed(&mut attributes);
        Ok((!attributes.is_empty()).then_some(attributes))
    }

    fn header(&self, index: usize) -> &str {
        self.headers.get(index).map_or("", String::as_str)
    }

    /// The first error leads; the others are told behind it.
    fn fault(&self, errors: Vec<FieldError>) -> Fault {
        let mut told: Vec<String> = Vec::new();
        for error in &errors {
            let found = match error.constraint.as_str() {
                "type" | "min" | "max" if !error.value.trim().is_empty() => {
                    format!(", not {:?}", error.value.trim())
                }
                _ => String::new(),
            };
            told.push(format!("{}{found}", error.message));
        }
        let Some(first) = errors.into_iter().next() else {
            return Fault::default();
        };
        let field = Field::from_name(&first.field);
        let column = self.fields.iter().find(|(known, _)| Some(*known) == field);
        Fault {
            column: column.map_or_else(
                || first.field.clone(),
                |(_, index)| self.header(*index).to_owned(),
            ),
            code: first.constraint.to_uppercase(),
            message: told.join("; "),
            hint: hint(&first),
        }
    }

    fn reject(&self, record: &Record, bytes: Vec<u8>, fault: Fault) -> Row {
        Row::Rejected(Reject {
            line: record.line,
            column: fault.column,
            code: fault.code,
            message: fault.message,
            hint: fault.hint,
            record: bytes,
        })
    }

    /// The record as the file has it, when its cells match the header; else written anew.
    fn as_read(&self, text: &str, cells: &Cells<'_>) -> Vec<u8> {
        if cells.len() == self.kept && self.kept == self.headers.len() {
            text.as_bytes().to_vec()
        } else {
            self.encoded(cells)
        }
    }

    /// The cells written anew, exactly as many as the original header has. What a row has too
    /// much is kept inside its last cell.
    fn encoded(&self, cells: &Cells<'_>) -> Vec<u8> {
        let mut record = Vec::new();
        let last = self.kept.saturating_sub(1);
        for index in 0..self.kept {
            if index > 0 {
                record.push(self.delimiter);
            }
            let cell = cells.text(index);
            if index == last && cells.len() > self.headers.len() {
                let surplus = (self.headers.len()..cells.len()).map(|i| cells.text(i));
                let all: Vec<&str> = [cell].into_iter().chain(surplus).collect();
                let joined = all.join(char::from(self.delimiter).encode_utf8(&mut [0; 4]));
                write_cell(
                    &mut record,
                    joined.trim_end_matches(char::from(self.delimiter)),
                    self.delimiter,
                );
            } else {
                write_cell(&mut record, cell, self.delimiter);
            }
        }
        record
    }
}

/// Takes the fields out of a draft, noting which are given and which are at fault.
struct Filled<'a, 'd> {
    draft: &'a Draft<'d>,
    given: &'a mut Fields,
    errors: &'a mut Vec<FieldError>,
}

impl Filled<'_, '_> {
    fn required<T>(&mut self, field: Field, rule: fn(&str) -> Checked<T>) -> Option<T> {
        if self.draft.is_blank(field) {
            self.errors.push(FieldError::required(field.as_str()));
            return None;
        }
        self.optional(field, rule)
    }

    /// A blank text is not given.
    fn optional<T>(&mut self, field: Field, rule: fn(&str) -> Checked<T>) -> Option<T> {
        if self.draft.is_blank(field) {
            return None;
        }
        *self.given |= Fields::of(field);
        rule(self.draft.text(field))
            .map_err(|error| self.errors.push(error))
            .ok()
    }

    /// A blank cell is given too: it clears the description.
    fn description(&mut self) -> Option<String> {
        let text = self.draft.get(Field::Description)?;
        *self.given |= Fields::DESCRIPTION;
        fields::description(text)
            .map_err(|error| self.errors.push(error))
            .ok()
            .flatten()
    }
}

/// The field's rule, and one of our own: a number like `2.09147E+12` has lost digits.
fn sku(text: &str) -> Checked<Option<String>> {
    if is_spreadsheet_number(text.trim()) {
        let rest = format!("is {text:?}: a spreadsheet has replaced digits of it by an exponent");
        return Err(FieldError::new("sku", "spreadsheet_number", &rest, text));
    }
    fields::sku(text)
}

/// Digits, perhaps a fraction, and `E+` with an exponent.
fn is_spreadsheet_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && exponent.strip_prefix('+').is_some_and(digits)
}

/// Leaves out the longest attributes until the rest fits.
fn shed(attributes: &mut Attributes) {
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

/// Why a row is rejected.
#[derive(Debug, Default)]
struct Fault {
    column: String,
    code: String,
    message: String,
    hint: String,
}

impl Fault {
    fn of_row(code: &str, message: String, hint: &str) -> Self {
        Self {
            column: String::new(),
            code: code.to_owned(),
            message,
            hint: hint.to_owned(),
        }
    }

    fn record_too_large() -> Self {
        let message = format!("the row is longer than {RECORD_MAX} bytes; its text was not kept");
        let hint = "look for a quote that is opened on this line and closed much later";
        Self::of_row("RECORD_TOO_LARGE", message, hint)
    }

    fn field_too_large(column: &str) -> Self {
        let message = format!("the cell is longer than {FIELD_MAX} bytes");
        let hint = "look for a quote that is opened in this row and closed much later";
        Self {
            column: column.to_owned(),
            ..Self::of_row("FIELD_TOO_LARGE", message, hint)
        }
    }

    fn encoding(at: u64) -> Self {
        let message = format!("the row is not UTF-8: byte {at} of the file (from 0) is invalid");
        Self::of_row("INVALID_ENCODING", message, "save the file as CSV UTF-8")
    }

    fn unclosed(line: u64) -> Self {
        let message = format!(
            "the row beginning on line {line} opens a quote that is never closed, so everything \
             up to the end of the file belongs to it"
        );
        let hint = "close the quote, or double it where it is part of the text";
        Self::of_row("UNCLOSED_QUOTE", message, hint)
    }

    fn too_many_cells(cells: usize, columns: usize) -> Self {
        let message = format!("the row has {cells} cells, but the header has {columns}");
        let hint = "put double quotes around a cell that contains the delimiter";
        Self::of_row("TOO_MANY_CELLS", message, hint)
    }
}
