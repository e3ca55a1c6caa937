//! The plan of an import: what each column is used for, under which mode, with which defaults.
//!
//! `--map` wins over everything, then the preset's names in order of preference. An unclaimed
//! column becomes an attribute.

use super::{
    ColumnRole, CsvColumn, ImportMode, ImportOptions, ImportPlan, ImportPreset, ProductField,
    RowWarning, default_values,
    dialect::{self, FileHeader},
    header::{self, HeaderCell, closest, fold},
    headerless, number_columns,
    plan_error::{PlanError, PlanErrorCode, error_if_any},
    plan_warnings, preset,
};
use crate::domain::{message_text::first_chars, product::FieldError};

/// Finds out what a file is from its first bytes (up to 1 MiB, the whole header among them);
/// `complete` says that these are all. A file of a header alone is fine: it has no rows.
pub fn plan(head: &[u8], complete: bool, options: &ImportOptions) -> Result<ImportPlan, PlanError> {
    let FileHeader {
        dialect,
        cells,
        end,
        has_titles,
        start,
        ..
    } = headerless::with_positions(dialect::header(head, complete, options)?, options)?;
    let preset = options.preset.unwrap_or_else(|| preset::detect(&cells));
    let mut roles = RoleTable::new(&cells);
    roles.recognise_own_export();
    roles.map(options)?;
    roles.recognise(preset)?;
    roles.sum(preset::summed_columns(preset, &cells));
    roles.claim(preset::helper_columns(preset, &cells));
    let has_key =
        roles.column_of(ProductField::Sku).is_some() || preset::generates_keys(preset, &cells);
    let mode = mode(options.mode, has_key, preset)?;
    roles.require(mode, has_key, preset, options)?;
    let defaults = default_values::choose(options)?;
    let titles = has_titles.then(|| titles_skipped(start.line));
    let unfilled = roles.warnings(mode, preset, options, &defaults);
    let mut columns = roles.into_columns();
    if !header::is_own_export(columns.iter().map(|column| column.header.as_str())) {
        number_columns::set_styles(&mut columns, head, dialect, &end, options)?;
    }
    Ok(ImportPlan {
        dialect,
        preset,
        mode,
        columns,
        defaults,
        long_text: options.long_text.unwrap_or_default(),
        warnings: titles.into_iter().chain(unfilled).collect(),
        start: end,
    })
}

/// How many headers are named as possibly meant.
const MAX_CANDIDATES: usize = 3;
/// What a message shows of a file's header.
const MAX_SHOWN_COLUMNS: usize = 40;
const MAX_SHOWN_NAME_CHARS: usize = 40;

/// The file's own remark about lines above its header.
fn titles_skipped(header_line: u64) -> RowWarning {
    RowWarning {
        line: 1,
        column: String::new(),
        code: "TITLES_SKIPPED".to_owned(),
        message: format!("the header is line {header_line}; what is above it is passed over"),
    }
}

/// Roles on their way to the columns.
struct RoleTable<'a> {
    cells: &'a [HeaderCell],
    roles: Vec<ColumnRole>,
}

impl<'a> RoleTable<'a> {
    fn new(cells: &'a [HeaderCell]) -> Self {
        let role = |cell: &HeaderCell| match cell.name.as_str() {
            _ if cell.marked => ColumnRole::Attribute,
            "" => ColumnRole::Ignored,
            name if header::is_reject_column(name) => ColumnRole::Ignored,
            _ => ColumnRole::Attribute,
        };
        Self {
            cells,
            roles: cells.iter().map(role).collect(),
        }
    }

    fn column_of(&self, field: ProductField) -> Option<usize> {
        let wanted = ColumnRole::Field(field);
        self.roles.iter().position(|role| *role == wanted)
    }

    fn set(&mut self, index: usize, role: ColumnRole) {
        if let Some(slot) = self.roles.get_mut(index) {
            *slot = role;
        }
    }

    /// The columns that only our own export has.
    fn recognise_own_export(&mut self) {
        let names = self.cells.iter().filter(|cell| !cell.marked);
        if !header::is_own_export(names.map(|cell| cell.name.as_str())) {
            return;
        }
        for (index, (cell, role)) in self.cells.iter().zip(&mut self.roles).enumerate() {
            match cell.name.as_str() {
                _ if cell.marked => {}
                header::ID_COLUMN if index == 0 => *role = ColumnRole::Id,
                header::OTHER_ATTRIBUTES => *role = ColumnRole::OtherAttributes,
                _ => {}
            }
        }
    }

    /// The person's own choices.
    fn map(&mut self, options: &ImportOptions) -> Result<(), PlanError> {
        let mut errors = Vec::new();
        for (name, field) in &options.map {
            let refused = match self.named(name) {
                None => Some(("unknown", self.unknown_column(name))),
                Some(_) if self.column_of(*field).is_some() => {
                    let rest = format!("gives two columns to {}", field.as_str());
                    Some(("duplicate", rest))
                }
                Some(index) if matches!(self.roles.get(index), Some(ColumnRole::Field(_))) => {
                    Some(("duplicate", format!("uses the column {name:?} twice")))
                }
                Some(index) => {
                    self.set(index, ColumnRole::Field(*field));
                    None
                }
            };
            errors.extend(refused.map(|(constraint, rest)| {
                let pair = format!("{name}={}", field.as_str());
                FieldError::new("map", constraint, &rest, &pair)
            }));
        }
        error_if_any(PlanErrorCode::ValidationError, errors)
    }

    /// The column of this name: exactly as written, or else folded.
    fn named(&self, name: &str) -> Option<usize> {
        let folded = fold(name);
        let exact = self.cells.iter().position(|cell| cell.name == name.trim());
        exact
            .or_else(|| self.cells.iter().position(|cell| cell.folded == folded))
            .or_else(|| headerless::position(name).filter(|index| *index < self.cells.len()))
    }

    fn unknown_column(&self, name: &str) -> String {
        let names = self.cells.iter().map(|cell| cell.name.as_str());
        let meant = closest(&[name], names).map_or_else(
            || ".".to_owned(),
            |meant| format!("; did you mean {meant:?}?"),
        );
        let found = self.found();
        format!("names {name:?}, which is no column of the file{meant} The file has: {found}")
    }

    /// Gives every field without a column the one with the best name.
    fn recognise(&mut self, preset: ImportPreset) -> Result<(), PlanError> {
        let mut errors = Vec::new();
        for field in ProductField::ALL {
            if self.column_of(field).is_some() {
                continue;
            }
            let mut names = header::names(preset, field).iter();
            let columns = names
                .find_map(|name| Some(self.free_columns(name)).filter(|found| !found.is_empty()));
            match columns.as_deref() {
                None | Some([]) => {}
                Some([index]) => self.set(*index, ColumnRole::Field(field)),
                Some([first, second, ..]) => errors.push(self.ambiguous(field, *first, *second)),
            }
        }
        error_if_any(PlanErrorCode::ValidationError, errors)
    }

    fn free_columns(&self, name: &str) -> Vec<usize> {
        let folded = fold(name);
        let cells = self.cells.iter().zip(&self.roles).enumerate();
        cells
            .filter(|(_, (cell, role))| {
                cell.folded == folded && !cell.marked && **role == ColumnRole::Attribute
            })
            .map(|(index, _)| index)
            .collect()
    }

    fn ambiguous(&self, field: ProductField, first: usize, second: usize) -> FieldError {
        let name = |index: usize| self.cells.get(index).map_or("", |cell| cell.name.as_str());
        let rest = format!(
            "has two columns for {}: {:?} (column {}) and {:?} (column {}); rename one",
            field.as_str(),
            name(first),
            first + 1,
            name(second),
            second + 1
        );
        FieldError::new("file", "duplicate", &rest, "")
    }

    /// Gives a field without a column all that add up to it.
    fn sum(&mut self, sums: Vec<(ProductField, Vec<usize>)>) {
        for (field, columns) in sums {
            if self.column_of(field).is_some() {
                continue;
            }
            for index in columns {
                self.set(index, ColumnRole::Field(field));
            }
        }
    }

    fn claim(&mut self, columns: Vec<usize>) {
        for index in columns {
            if self.roles.get(index) == Some(&ColumnRole::Attribute) {
                self.set(index, ColumnRole::Preset);
            }
        }
    }

    /// A new product needs a name and a price; a known one is found by its key, and one more field
    /// is enough to alter it.
    fn require(
        &self,
        mode: ImportMode,
        has_key: bool,
        preset: ImportPreset,
        options: &ImportOptions,
    ) -> Result<(), PlanError> {
        let updates = matches!(mode, ImportMode::Update | ImportMode::Upsert);
        let mut others = ProductField::ALL.into_iter();
        let has_other =
            others.any(|field| field != ProductField::Sku && self.column_of(field).is_some());
        // A list of products with names wants a price; one of several was not chosen yet.
        let has = |field| self.column_of(field).is_some();
        let undecided =
            options.mode.is_none() && has(ProductField::Name) && !has(ProductField::Price);
        let prices = self.candidates(preset, ProductField::Price);
        if updates && has_key && has_other && (!undecided || prices.is_empty()) {
            return Ok(());
        }
        if mode == ImportMode::Update {
            let rest = format!(
                "has no column, nor has another field beside the key; the mode update needs one: \
                 name it with map=<column>=quantity. The file has: {}",
                self.found()
            );
            let error = FieldError::new("quantity", "required", &rest, "");
            return error_if_any(PlanErrorCode::MissingColumns, vec![error]);
        }
        let missing = [ProductField::Name, ProductField::Price]
            .into_iter()
            .filter(|field| self.column_of(*field).is_none());
        let errors = missing.map(|field| self.missing(preset, field)).collect();
        error_if_any(PlanErrorCode::MissingColumns, errors)
    }

    /// Fields of new products that neither a column nor the person fills.
    fn warnings(
        &self,
        mode: ImportMode,
        preset: ImportPreset,
        options: &ImportOptions,
        defaults: &[(ProductField, String)],
    ) -> Vec<RowWarning> {
        let has = |field| self.column_of(field).is_some();
        let creates = has(ProductField::Name) && has(ProductField::Price);
        if mode == ImportMode::Update || !creates {
            return Vec::new();
        }
        let chosen = |field| options.defaults.iter().any(|(known, _)| *known == field);
        let filled = defaults.iter().filter(|(field, _)| {
            let expected = [ProductField::Quantity, ProductField::Category];
            expected.contains(field) && !has(*field) && !chosen(*field)
        });
        let warn = |(field, value): &(ProductField, String)| {
            plan_warnings::without_column(preset, *field, value, self.unused())
        };
        filled.map(warn).collect()
    }

    /// The headers that fill no field.
    fn unused(&self) -> impl Iterator<Item = &str> {
        let free = self.cells.iter().zip(&self.roles);
        let free = free.filter(|(cell, role)| **role == ColumnRole::Attribute && !cell.marked);
        free.map(|(cell, _)| cell.name.as_str())
    }

    fn missing(&self, preset: ImportPreset, field: ProductField) -> FieldError {
        let names = header::names(preset, field);
        let name = field.as_str();
        let candidates = self.candidates(preset, field);
        let quoted: Vec<String> = candidates
            .iter()
            .map(|header| format!("{header:?}"))
            .collect();
        let maps: Vec<String> = candidates
            .iter()
            .map(|header| format!("map={header}={name}"))
            .collect();
        let meant = match candidates.is_empty() {
            true => format!("name it with map, such as map=<column>={name}"),
            false => format!(
                "did you mean {}? Then give {}",
                quoted.join(" or "),
                maps.join(" or ")
            ),
        };
        let rest = format!(
            "has no column. The file has: {}. Known names: {}; {meant}",
            self.found(),
            names.join(", ")
        );
        FieldError::new(name, "required", &rest, "")
    }

    /// The unused headers that may be meant for a field.
    fn candidates(&self, preset: ImportPreset, field: ProductField) -> Vec<&str> {
        let mut wanted = header::names(preset, field).to_vec();
        wanted.push(field.as_str());
        let nearest = header::nearest(&wanted, self.unused()).into_iter();
        nearest.take(MAX_CANDIDATES).collect()
    }

    /// The file's columns for people, not more than fit a message.
    fn found(&self) -> String {
        let shown: Vec<String> = self
            .cells
            .iter()
            .take(MAX_SHOWN_COLUMNS)
            .map(|cell| format!("{:?}", first_chars(&cell.name, MAX_SHOWN_NAME_CHARS)))
            .collect();
        let more = self.cells.len().saturating_sub(shown.len());
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        shown.join(", ") + &rest
    }

    /// The columns; of several attributes of one name the later ones get a number, so that none
    /// takes the other's value.
    fn into_columns(self) -> Vec<CsvColumn> {
        let mut columns: Vec<CsvColumn> = Vec::with_capacity(self.cells.len());
        for (cell, role) in self.cells.iter().zip(self.roles) {
            let taken = |name: &str| {
                let mut known = columns.iter();
                role == ColumnRole::Attribute
                    && known.any(|column| column.role == role && column.header == name)
            };
            let mut header = cell.name.clone();
            let mut number = 2;
            while taken(&header) {
                header = format!("{} {number}", cell.name);
                number += 1;
            }
            columns.push(CsvColumn {
                header,
                role,
                decimal: None,
            });
        }
        columns
    }
}

fn mode(
    wanted: Option<ImportMode>,
    has_key: bool,
    preset: ImportPreset,
) -> Result<ImportMode, PlanError> {
    match wanted {
        None if has_key => Ok(ImportMode::Upsert),
        None | Some(ImportMode::Create) => Ok(ImportMode::Create),
        Some(mode) if has_key => Ok(mode),
        Some(mode) => {
            let rest = format!(
                "{} needs a key, and the file has no column for sku ({}); name it with \
                 map=<column>=sku, or use create",
                mode.as_str(),
                header::names(preset, ProductField::Sku).join(", ")
            );
            Err(PlanError::invalid("mode", "key", &rest))
        }
    }
}
