//! One row against the rules: cells become a product, or a reject that says what to mend.
//!
//! The field rules are those of the HTTP interface. A blank quantity, category or threshold is
//! not given and filled by the default; a blank description clears the known one.

use super::{
    Field, Fields, ImportMode, ImportRow, Plan, Reject, Role, Row,
    cell::unmarked,
    cells::{Cells, Splitter},
    copy::Copier,
    defaults::Defaults,
    draft::Draft,
    fault::{FIELD_MAX, Fault},
    preset::Reading,
    records::{Record, Shape},
};
use crate::domain::product::{
    Attributes, FieldError, NewProduct,
    fields::{self, ATTRIBUTES_MAX_BYTES, Checked},
};

/// What a plan says about rows, in the shape in which it is needed for each of them.
#[derive(Debug)]
pub(super) struct Rules {
    headers: Vec<String>,
    copier: Copier,
    fields: Vec<(Field, usize)>,
    attributes: Vec<usize>,
    defaults: Defaults,
    key_required: bool,
}

impl Rules {
    pub(super) fn new(plan: &Plan) -> Self {
        let columns = || plan.columns.iter().enumerate();
        Self {
            headers: plan.columns.iter().map(|c| c.header.clone()).collect(),
            copier: Copier::new(plan),
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
            let blank = self.copier.encoded(&splitter.split(""));
            return self.reject(record, blank, Fault::record_too_large());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = record.byte + error.valid_up_to() as u64;
                let kept = self.copier.encoded_bytes(bytes, splitter);
                return self.reject(record, kept, Fault::encoding(at));
            }
        };
        let cells = splitter.split(text);
        if let Err(fault) = self.check_shape(record, &cells) {
            return self.reject(record, self.copier.encoded(&cells), fault);
        }
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Row::Skipped;
        }
        let mut draft = self.draft(&cells);
        if !reading.complete(&cells, &mut draft) {
            return Row::Skipped;
        }
        match self.product(&draft, &cells) {
            Ok((product, given)) => Row::Product(ImportRow {
                line: record.line,
                product,
                given,
                record: self.copier.as_read(text, &cells),
            }),
            Err(fault) => self.reject(record, self.copier.as_read(text, &cells), fault),
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

    fn draft<'a>(&self, cells: &Cells<'a>) -> Draft<'a> {
        let mut draft = Draft::default();
        for (field, index) in &self.fields {
            match cells.get(*index) {
                Some(cell) if cell.trim().is_empty() => draft.set(*field, ""),
                Some(cell) => draft.set(*field, unmarked(cell)),
                None => {}
            }
        }
        draft
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
                Err(self.fault(&errors))
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

    fn fault(&self, errors: &[FieldError]) -> Fault {
        let leading = errors.first().map_or("", |error| error.field.as_str());
        let field = Field::from_name(leading);
        let column = self.fields.iter().find(|(known, _)| Some(*known) == field);
        Fault::of_fields(
            column.map_or(leading, |(_, index)| self.header(*index)),
            errors,
        )
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
