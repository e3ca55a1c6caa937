//! One row against the rules: cells become a product, or a reject that says what to mend.
//!
//! The field rules are those of the HTTP interface. A blank cell is not given: it leaves a known
//! product as it is, and a new one gets the default. What a new product needs is asked for when the
//! row has no key, or the mode only creates; otherwise the store says whether the product is known.

use super::{
    ColumnRole, DecimalMark, FieldSet, FileEncoding, FileRow, ImportMode, ImportPlan, LongText,
    ParsedRow, ProductField, RejectedRow, RowProduct, RowWarning, SkipReason,
    cell_cleaning::{self, is_exponent_number, is_hash_filled},
    cell_splitter::{CellSplitter, RowCells},
    cell_text::unmarked,
    default_values::DefaultValues,
    header,
    preset::PresetState,
    record_reader::{RawRecord, RecordShape},
    reject_encoder::RejectEncoder,
    row_attributes::AttributeColumns,
    row_error::{MAX_CELL_BYTES, RowError},
    row_fields::RowFields,
};
use crate::domain::product::{
    FieldError, ProductId,
    fields::{self, DESCRIPTION_MAX, FieldResult},
};

/// What a plan says about rows, in the shape in which it is needed for each of them.
#[derive(Debug)]
pub(super) struct RowRules {
    headers: Vec<String>,
    encoder: RejectEncoder,
    encoding: FileEncoding,
    id: Option<usize>,
    fields: Vec<(ProductField, usize)>,
    attributes: AttributeColumns,
    defaults: DefaultValues,
    mode: ImportMode,
    long_text: LongText,
    /// The style of each field's numbers; `None` for our own export, where nothing is cleaned.
    numbers: Option<Vec<(ProductField, Option<DecimalMark>)>>,
}

impl RowRules {
    pub(super) fn new(plan: &ImportPlan) -> Self {
        let columns = || plan.columns.iter().enumerate();
        Self {
            headers: plan.columns.iter().map(|c| c.header.clone()).collect(),
            encoder: RejectEncoder::new(plan),
            encoding: plan.dialect.encoding,
            fields: columns()
                .filter_map(|(index, column)| match column.role {
                    ColumnRole::Field(field) => Some((field, index)),
                    _ => None,
                })
                .collect(),
            id: columns()
                .find_map(|(index, column)| (column.role == ColumnRole::Id).then_some(index)),
            attributes: AttributeColumns::new(plan),
            defaults: DefaultValues::new(plan),
            mode: plan.mode,
            long_text: plan.long_text,
            numbers: (!header::is_own_export(plan.columns.iter().map(|c| c.header.as_str())))
                .then(|| number_columns(plan)),
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
        let text = match self.encoding.decode(bytes) {
            Ok(text) => text,
            Err(good) => {
                let before = bytes.get(..good).unwrap_or_default();
                let at = record.byte + self.encoding.file_bytes(before);
                let kept = self.encoder.encoded_bytes(bytes, splitter);
                return self.reject(record, kept, RowError::encoding(self.encoding, at));
            }
        };
        let cells = splitter.split(&text);
        if let Err(row_error) = self.check_shape(record, &cells) {
            return self.reject(record, self.encoder.encoded(&cells), row_error);
        }
        // Old programs end a file with Ctrl-Z.
        if cells
            .iter()
            .all(|cell| matches!(cell.trim(), "" | "\u{1a}"))
        {
            return FileRow::Skipped(SkipReason::Blank);
        }
        let mut row_fields = self.row_fields(&cells);
        if let Err(reason) = preset_state.complete(&cells, &mut row_fields) {
            return FileRow::Skipped(reason);
        }
        let mut warnings = Vec::new();
        let attributes = self.attributes.read(record.line, &cells, &mut warnings);
        let id = self.id.map_or(Ok(None), |index| id(cells.text(index)));
        match self.product(&mut row_fields, id) {
            Ok((id, product, given)) => FileRow::Product(ParsedRow {
                line: record.line,
                id,
                product: RowProduct {
                    attributes,
                    ..product
                },
                given,
                warnings: self.warnings(record.line, &row_fields, warnings),
                record: self.encoder.reject_record(bytes, &cells),
            }),
            Err(row_error) => {
                self.reject(record, self.encoder.reject_record(bytes, &cells), row_error)
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
        if let Some(numbers) = &self.numbers {
            cell_cleaning::clean(&mut row_fields);
            for (field, style) in numbers {
                cell_cleaning::read_number(&mut row_fields, *field, *style);
            }
        }
        row_fields
    }

    /// Every rule is tried, so that a row's faults are reported together.
    fn product(
        &self,
        row_fields: &mut RowFields<'_>,
        id: FieldResult<Option<ProductId>>,
    ) -> Result<(Option<ProductId>, RowProduct, FieldSet), RowError> {
        let mut errors = Vec::new();
        let id = id.map_err(|error| errors.push(error)).ok().flatten();
        let mut given = FieldSet::default();
        let mut checker = FieldChecker {
            row_fields,
            given: &mut given,
            errors: &mut errors,
        };
        let has_key = id.is_some() || !checker.row_fields.is_blank(ProductField::Sku);
        if self.is_new(has_key) {
            checker.require(ProductField::Name);
            checker.require(ProductField::Price);
        }
        let name = checker.optional(ProductField::Name, fields::name);
        let description = checker.description(self.long_text);
        let price = checker.optional(ProductField::Price, fields::price);
        let quantity = checker.quantity();
        let category = checker.optional(ProductField::Category, fields::category);
        let sku = checker.optional(ProductField::Sku, sku).flatten();
        let threshold =
            checker.optional(ProductField::LowStockThreshold, fields::low_stock_threshold);
        if self.mode == ImportMode::Update && !has_key {
            errors.push(FieldError::required("sku"));
        }
        if !errors.is_empty() {
            return Err(self.row_error(&errors));
        }
        let product = RowProduct {
            name,
            description: description.or_else(|| self.defaults.description.clone()),
            price,
            quantity: quantity.unwrap_or(self.defaults.quantity),
            category: category.unwrap_or_else(|| self.defaults.category.clone()),
            sku,
            low_stock_threshold: threshold.or(self.defaults.low_stock_threshold),
            attributes: None,
        };
        Ok((id, product, given))
    }

    /// Whether the row can only be a new product, whatever is stored.
    const fn is_new(&self, has_key: bool) -> bool {
        match self.mode {
            ImportMode::Create => true,
            ImportMode::Update => false,
            ImportMode::Upsert | ImportMode::Skip => !has_key,
        }
    }

    /// The row's own warnings, with the file's names of the columns, and those about attributes.
    fn warnings(
        &self,
        line: u64,
        row_fields: &RowFields<'_>,
        attributes: Vec<RowWarning>,
    ) -> Vec<RowWarning> {
        let own = row_fields.warnings().iter().map(|warning| RowWarning {
            line,
            column: self.column(warning.field).unwrap_or_default().to_owned(),
            code: warning.code.to_owned(),
            message: warning.message.clone(),
        });
        own.chain(attributes).collect()
    }

    /// The file's name of the field's column.
    fn column(&self, field: ProductField) -> Option<&str> {
        let mut columns = self.fields.iter();
        let (_, index) = columns.find(|(known, _)| *known == field)?;
        Some(self.header(*index))
    }

    fn header(&self, index: usize) -> &str {
        self.headers.get(index).map_or("", String::as_str)
    }

    fn row_error(&self, errors: &[FieldError]) -> RowError {
        let leading = errors.first().map_or("", |error| error.field.as_str());
        let column = ProductField::from_name(leading).and_then(|field| self.column(field));
        RowError::of_fields(column.unwrap_or(leading), errors)
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
    row_fields: &'a mut RowFields<'d>,
    given: &'a mut FieldSet,
    errors: &'a mut Vec<FieldError>,
}

impl FieldChecker<'_, '_> {
    fn require(&mut self, field: ProductField) {
        if self.row_fields.is_blank(field) {
            self.errors.push(FieldError::required(field.as_str()));
        }
    }

    /// A blank text is not given.
    fn optional<T>(&mut self, field: ProductField, rule: fn(&str) -> FieldResult<T>) -> Option<T> {
        if self.row_fields.is_blank(field) {
            return None;
        }
        *self.given |= FieldSet::of(field);
        if self.row_fields.is_refused(field) {
            let rest = "must be a number in the style of its column, such as 1.234,50";
            let text = self.row_fields.text(field);
            self.errors
                .push(FieldError::new(field.as_str(), "type", rest, text));
            return None;
        }
        rule(self.row_fields.text(field))
            .map_err(|error| self.errors.push(error))
            .ok()
    }

    /// A marked cell may be a text of blanks: it is given.
    fn description(&mut self, long_text: LongText) -> Option<String> {
        let field = ProductField::Description;
        let text = self.row_fields.text(field);
        if text.is_empty() {
            return None;
        }
        *self.given |= FieldSet::DESCRIPTION;
        let end = text.char_indices().nth(DESCRIPTION_MAX).map(|(end, _)| end);
        let (checked, length) = match end.filter(|_| long_text == LongText::Cut) {
            None => (fields::description(text), None),
            Some(end) => {
                let kept = text.get(..end).unwrap_or_default();
                (fields::description(kept), Some(text.chars().count()))
            }
        };
        if let Some(length) = length {
            let message =
                format!("the description has {length} characters; it is cut to {DESCRIPTION_MAX}");
            self.row_fields.warn(field, "TEXT_CUT", message);
        }
        checked.map_err(|error| self.errors.push(error)).ok()?
    }

    /// Shops that sell what they do not have count below zero; we cannot, and say so.
    fn quantity(&mut self) -> Option<i32> {
        let field = ProductField::Quantity;
        let text = self.row_fields.text(field).trim();
        let digits = text.strip_prefix('-').unwrap_or_default();
        let is_below_zero = digits.bytes().any(|byte| byte != b'0');
        if !is_below_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.optional(field, fields::quantity);
        }
        let message = format!("the quantity {text} is raised to 0: stock is never below zero");
        self.row_fields.warn(field, "RAISED_TO_ZERO", message);
        *self.given |= FieldSet::QUANTITY;
        Some(0)
    }
}

/// The style of each field that is a number.
fn number_columns(plan: &ImportPlan) -> Vec<(ProductField, Option<DecimalMark>)> {
    let numbers = plan.columns.iter().filter_map(|column| match column.role {
        ColumnRole::Field(
            field
            @ (ProductField::Price | ProductField::Quantity | ProductField::LowStockThreshold),
        ) => Some((field, column.decimal)),
        _ => None,
    });
    numbers.collect()
}

/// The id of a product, as our own export has it.
fn id(text: &str) -> FieldResult<Option<ProductId>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = text.parse().ok().filter(|id| digits && *id > 0);
    let rest = "must be the whole number that the export had, or blank";
    id.map(Some)
        .ok_or_else(|| FieldError::new(header::ID_COLUMN, "type", rest, text))
}

/// The field's rule, and one of our own: `2.09147E+12` and `#####` are what a spreadsheet left.
fn sku(text: &str) -> FieldResult<Option<String>> {
    let lost = if is_exponent_number(text.trim()) {
        "a spreadsheet has replaced digits of it by an exponent"
    } else if is_hash_filled(text.trim()) {
        "a spreadsheet has written # where the column was too narrow"
    } else {
        return fields::sku(text);
    };
    let rest = format!("is {text:?}: {lost}");
    Err(FieldError::new("sku", "spreadsheet_number", &rest, text))
}
