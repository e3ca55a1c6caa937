//! How records are printed: one description of a resource's columns, seven formats.
//!
//! A terminal gets a table with relative times; a pipe gets tab-separated lines without a
//! header or truncation. JSON and YAML carry whole records with exact numbers.

mod cell;
mod table;
mod yaml;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use pm_common::domain::message_text::thousands;

pub(crate) use self::cell::duration;
use crate::{
    error::{Result, unknown_name},
    ui::Ui,
};

/// The formats of `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Columns for people.
    Table,
    /// A table with more columns.
    Wide,
    /// The whole answer as one JSON document.
    Json,
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// The whole answer as YAML.
    Yaml,
    /// `product/17`, one per line.
    Name,
}

/// When a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum ColumnVisibility {
    /// By default.
    Table,
    /// With `-o wide`.
    Wide,
    /// When `--fields` names it.
    Named,
}

/// How a table shows a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    Number,
    Money,
    Bytes,
    /// RFC 3339 text, or epoch milliseconds.
    Time,
    /// A state with a colour.
    State,
}

/// A column: a key of the record and how to show it.
#[derive(Debug)]
pub(crate) struct ColumnSpec {
    pub(crate) key: &'static str,
    pub(crate) kind: ValueKind,
    pub(crate) level: ColumnVisibility,
}

impl ColumnSpec {
    /// A column that is shown by default.
    pub(crate) const fn table(key: &'static str, kind: ValueKind) -> Self {
        let level = ColumnVisibility::Table;
        Self { key, kind, level }
    }

    /// A column that is shown with `-o wide`.
    pub(crate) const fn wide(key: &'static str, kind: ValueKind) -> Self {
        let level = ColumnVisibility::Wide;
        Self { key, kind, level }
    }

    /// A column that is shown when `--fields` names it.
    pub(crate) const fn named(key: &'static str, kind: ValueKind) -> Self {
        let level = ColumnVisibility::Named;
        Self { key, kind, level }
    }
}

/// A resource: its name, its key and its columns.
#[derive(Debug)]
pub(crate) struct ResourceSpec {
    /// As in `-o name`.
    pub(crate) name: &'static str,
    /// The key that identifies a record.
    pub(crate) id: &'static str,
    pub(crate) columns: &'static [ColumnSpec],
    /// The message for an empty list.
    pub(crate) none: &'static str,
}

/// The output flags and settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutputOptions {
    pub(crate) format: Option<OutputFormat>,
    /// Empty: the format's own columns.
    pub(crate) fields: Vec<String>,
}

/// The format in use: the default depends on whether the output is a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResolvedFormat {
    Table,
    Lines,
    Csv,
    Json,
    Jsonl,
    Yaml,
    Name,
}

/// Prints records. Created before the request, so that a wrong `--fields` sends none.
#[derive(Debug)]
pub(crate) struct RecordWriter<'a> {
    ui: &'a Ui,
    spec: &'static ResourceSpec,
    format: ResolvedFormat,
    columns: Vec<&'static ColumnSpec>,
    /// Whether `--fields` chose the columns.
    has_chosen_fields: bool,
    buffered: Vec<Value>,
    is_header_written: bool,
}

impl<'a> RecordWriter<'a> {
    /// A writer in the format of the options.
    ///
    /// # Errors
    /// Exit code 2 for a field that does not exist; the hint lists those that do.
    pub(crate) fn new(
        ui: &'a Ui,
        options: &OutputOptions,
        spec: &'static ResourceSpec,
    ) -> Result<Self> {
        let format = match options.format {
            None if ui.out.terminal => ResolvedFormat::Table,
            None => ResolvedFormat::Lines,
            Some(OutputFormat::Table | OutputFormat::Wide) => ResolvedFormat::Table,
            Some(OutputFormat::Csv) => ResolvedFormat::Csv,
            Some(OutputFormat::Json) => ResolvedFormat::Json,
            Some(OutputFormat::Jsonl) => ResolvedFormat::Jsonl,
            Some(OutputFormat::Yaml) => ResolvedFormat::Yaml,
            Some(OutputFormat::Name) => ResolvedFormat::Name,
        };
        let most = match options.format {
            Some(OutputFormat::Wide) => ColumnVisibility::Wide,
            _ => ColumnVisibility::Table,
        };
        let columns = if options.fields.is_empty() {
            let shown = spec.columns.iter().filter(|column| column.level <= most);
            shown.collect()
        } else {
            named_columns(spec, &options.fields)?
        };
        Ok(Self {
            ui,
            spec,
            format,
            columns,
            has_chosen_fields: !options.fields.is_empty(),
            buffered: Vec::new(),
            is_header_written: false,
        })
    }

    /// Whether the output is for people, so that text may replace the records.
    pub(crate) fn is_human_readable(&self) -> bool {
        self.format == ResolvedFormat::Table
    }

    /// Whether the output is one document, so that it may have a structure of its own.
    pub(crate) fn is_document(&self) -> bool {
        matches!(self.format, ResolvedFormat::Json | ResolvedFormat::Yaml)
            && !self.has_chosen_fields
    }

    /// The same for an endless stream: no record may wait for the last one.
    pub(crate) fn streaming(mut self) -> Self {
        if self.format == ResolvedFormat::Json
            || (self.format == ResolvedFormat::Lines && !self.has_chosen_fields)
        {
            self.format = ResolvedFormat::Jsonl;
        }
        self
    }

    /// Adds a record; formats with one line per record print it at once.
    pub(crate) fn push(&mut self, record: &impl Serialize) -> Result<()> {
        let record = to_value(record)?;
        let text = match self.format {
            ResolvedFormat::Table | ResolvedFormat::Json | ResolvedFormat::Yaml => {
                self.buffered.push(record);
                return Ok(());
            }
            ResolvedFormat::Lines => cell::tab_separated(&self.columns, &record),
            ResolvedFormat::Csv => {
                let header = (!self.is_header_written).then(|| cell::csv_header(&self.columns));
                self.is_header_written = true;
                header.unwrap_or_default() + &cell::comma_separated(&self.columns, &record)
            }
            ResolvedFormat::Jsonl => format!("{}\n", self.projected(record)),
            ResolvedFormat::Name => {
                let id = cell::plain(&record[self.spec.id]);
                format!("{}/{id}\n", self.spec.name)
            }
        };
        self.ui.write(text.as_bytes())
    }

    /// Prints a record of a stream at once: `prose` for people, the record for programs.
    pub(crate) fn push_line(&mut self, record: &impl Serialize, prose: &str) -> Result<()> {
        match self.format {
            ResolvedFormat::Table if !self.has_chosen_fields => self.ui.line(prose),
            ResolvedFormat::Table => {
                let text = cell::tab_separated(&self.columns, &to_value(record)?);
                self.ui.write(text.as_bytes())
            }
            ResolvedFormat::Yaml => {
                let record = self.projected(to_value(record)?);
                let text = format!("---\n{}", yaml::document(&record));
                self.ui.write(text.as_bytes())
            }
            _ => self.push(record),
        }
    }

    /// Prints the buffered records as a list; `around` is the rest of the response.
    pub(crate) fn finish(mut self, around: Option<&impl Serialize>) -> Result<()> {
        let records = std::mem::take(&mut self.buffered);
        match self.format {
            ResolvedFormat::Table if records.is_empty() => {
                self.ui.note(self.spec.none);
                Ok(())
            }
            ResolvedFormat::Table => {
                let text = table::record_table(self.ui, self.spec.id, &self.columns, &records);
                self.ui.write(text.as_bytes())
            }
            ResolvedFormat::Json | ResolvedFormat::Yaml => {
                let records = records.into_iter().map(|record| self.projected(record));
                let mut whole = Map::new();
                whole.insert("data".to_owned(), records.collect());
                if let Some(around) = around {
                    whole.insert("pagination".to_owned(), to_value(around)?);
                }
                self.document(&Value::Object(whole))
            }
            ResolvedFormat::Csv if !self.is_header_written => {
                let header = cell::csv_header(&self.columns);
                self.ui.write(header.as_bytes())
            }
            _ => Ok(()),
        }
    }

    /// Prints a single record.
    pub(crate) fn single(mut self, record: &impl Serialize) -> Result<()> {
        match self.format {
            ResolvedFormat::Table => {
                let record = to_value(record)?;
                // A single record has room for every field that has a value.
                let columns = if self.has_chosen_fields {
                    self.columns
                } else {
                    self.spec.columns.iter().collect()
                };
                let text = table::record_sheet(self.ui, &columns, &record);
                self.ui.write(text.as_bytes())
            }
            ResolvedFormat::Json | ResolvedFormat::Yaml => {
                let record = self.projected(to_value(record)?);
                self.document(&record)
            }
            _ => self.push(record),
        }
    }

    fn document(&self, whole: &Value) -> Result<()> {
        match self.format {
            ResolvedFormat::Yaml => self.ui.write(yaml::document(whole).as_bytes()),
            _ => self.ui.line(&format!("{whole:#}")),
        }
    }

    /// The record with the chosen fields only.
    fn projected(&self, record: Value) -> Value {
        if !self.has_chosen_fields {
            return record;
        }
        let picked = self
            .columns
            .iter()
            .map(|column| (column.key.to_owned(), record[column.key].clone()));
        Value::Object(picked.collect())
    }
}

fn named_columns(
    spec: &'static ResourceSpec,
    fields: &[String],
) -> Result<Vec<&'static ColumnSpec>> {
    let named = fields.iter().map(|field| {
        let found = spec.columns.iter().find(|column| column.key == field);
        found.ok_or_else(|| {
            let known: Vec<_> = spec.columns.iter().map(|column| column.key).collect();
            unknown_name(&format!("{} field", spec.name), field, &known)
        })
    });
    named.collect()
}

fn to_value(record: &impl Serialize) -> Result<Value> {
    serde_json::to_value(record)
        .map_err(|error| crate::error::Error::failure(format!("cannot show a record: {error}")))
}
