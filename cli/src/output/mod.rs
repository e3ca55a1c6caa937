//! What records look like: one description of a noun's columns, seven formats.
//!
//! A terminal gets a table with times people read; a pipe gets tab-separated lines without a
//! header or truncation. JSON and YAML carry whole records with exact numbers.

mod cell;
mod table;
mod yaml;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use pm_common::domain::notification::thousands;

pub(crate) use self::cell::duration;
use crate::{
    error::{Result, unknown},
    ui::Ui,
};

/// The formats a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Table,
    /// A table with more columns.
    Wide,
    /// The whole answer as one JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// The whole answer as YAML.
    Yaml,
    /// `product/17`, one a line.
    Name,
}

/// Who gets to see a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Level {
    /// Everybody.
    Table,
    /// Those who ask for `-o wide`.
    Wide,
    /// Those who name it with `--fields`.
    Named,
}

/// How a table shows a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    pub(crate) level: Level,
}

impl Column {
    /// A column that everybody sees.
    pub(crate) const fn table(key: &'static str, kind: Kind) -> Self {
        let level = Level::Table;
        Self { key, kind, level }
    }

    /// A column of `-o wide`.
    pub(crate) const fn wide(key: &'static str, kind: Kind) -> Self {
        let level = Level::Wide;
        Self { key, kind, level }
    }

    /// A column that has to be named.
    pub(crate) const fn named(key: &'static str, kind: Kind) -> Self {
        let level = Level::Named;
        Self { key, kind, level }
    }
}

/// A kind of record.
#[derive(Debug)]
pub(crate) struct Noun {
    /// As in `-o name`.
    pub(crate) name: &'static str,
    /// The key that identifies a record.
    pub(crate) id: &'static str,
    pub(crate) columns: &'static [Column],
    /// What to say when there is none.
    pub(crate) none: &'static str,
}

/// What the person asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) format: Option<Format>,
    /// Empty means the format's own choice.
    pub(crate) fields: Vec<String>,
}

/// A wish made definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Table,
    Lines,
    Csv,
    Json,
    Jsonl,
    Yaml,
    Name,
}

/// Records on their way out. Made before the request, so that a wrong `--fields` sends none.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    ui: &'a Ui,
    noun: &'static Noun,
    shape: Shape,
    columns: Vec<&'static Column>,
    /// Whether `--fields` chose the columns.
    chosen: bool,
    held: Vec<Value>,
    started: bool,
}

impl<'a> Listing<'a> {
    /// A listing in the wanted format.
    ///
    /// # Errors
    /// Exit code 2 for a field that does not exist; the hint lists those that do.
    pub(crate) fn new(ui: &'a Ui, wanted: &Wanted, noun: &'static Noun) -> Result<Self> {
        let shape = match wanted.format {
            None if ui.out.terminal => Shape::Table,
            None => Shape::Lines,
            Some(Format::Table | Format::Wide) => Shape::Table,
            Some(Format::Csv) => Shape::Csv,
            Some(Format::Json) => Shape::Json,
            Some(Format::Jsonl) => Shape::Jsonl,
            Some(Format::Yaml) => Shape::Yaml,
            Some(Format::Name) => Shape::Name,
        };
        let most = match wanted.format {
            Some(Format::Wide) => Level::Wide,
            _ => Level::Table,
        };
        let columns = if wanted.fields.is_empty() {
            let shown = noun.columns.iter().filter(|column| column.level <= most);
            shown.collect()
        } else {
            named_columns(noun, &wanted.fields)?
        };
        Ok(Self {
            ui,
            noun,
            shape,
            columns,
            chosen: !wanted.fields.is_empty(),
            held: Vec::new(),
            started: false,
        })
    }

    /// Whether people read this, so that prose may replace the records.
    pub(crate) fn is_for_people(&self) -> bool {
        self.shape == Shape::Table
    }

    /// Whether the whole answer is one document, so that it may have a shape of its own.
    pub(crate) fn is_document(&self) -> bool {
        matches!(self.shape, Shape::Json | Shape::Yaml) && !self.chosen
    }

    /// The same for records that never end: nothing may wait for the last one.
    pub(crate) fn streaming(mut self) -> Self {
        if self.shape == Shape::Json || (self.shape == Shape::Lines && !self.chosen) {
            self.shape = Shape::Jsonl;
        }
        self
    }

    /// Adds a record; formats of one line a record print it now.
    pub(crate) fn push(&mut self, record: &impl Serialize) -> Result<()> {
        let record = to_value(record)?;
        let text = match self.shape {
            Shape::Table | Shape::Json | Shape::Yaml => {
                self.held.push(record);
                return Ok(());
            }
            Shape::Lines => cell::tab_separated(&self.columns, &record),
            Shape::Csv => {
                let header = (!self.started).then(|| cell::csv_header(&self.columns));
                self.started = true;
                header.unwrap_or_default() + &cell::comma_separated(&self.columns, &record)
            }
            Shape::Jsonl => format!("{}\n", self.projected(record)),
            Shape::Name => {
                let id = cell::plain(&record[self.noun.id]);
                format!("{}/{id}\n", self.noun.name)
            }
        };
        self.ui.write(text.as_bytes())
    }

    /// Prints a record of a stream now: `prose` for people, the record for programs.
    pub(crate) fn tell(&mut self, record: &impl Serialize, prose: &str) -> Result<()> {
        match self.shape {
            Shape::Table if !self.chosen => self.ui.line(prose),
            Shape::Table => {
                let text = cell::tab_separated(&self.columns, &to_value(record)?);
                self.ui.write(text.as_bytes())
            }
            Shape::Yaml => {
                let record = self.projected(to_value(record)?);
                let text = format!("---\n{}", yaml::document(&record));
                self.ui.write(text.as_bytes())
            }
            _ => self.push(record),
        }
    }

    /// Prints what was held back as a list; `around` is what the answer says besides its records.
    pub(crate) fn finish(mut self, around: Option<&impl Serialize>) -> Result<()> {
        let records = std::mem::take(&mut self.held);
        match self.shape {
            Shape::Table if records.is_empty() => {
                self.ui.note(self.noun.none);
                Ok(())
            }
            Shape::Table => {
                let text = table::rows(self.ui, self.noun.id, &self.columns, &records);
                self.ui.write(text.as_bytes())
            }
            Shape::Json | Shape::Yaml => {
                let records = records.into_iter().map(|record| self.projected(record));
                let mut whole = Map::new();
                whole.insert("data".to_owned(), records.collect());
                if let Some(around) = around {
                    whole.insert("pagination".to_owned(), to_value(around)?);
                }
                self.document(&Value::Object(whole))
            }
            Shape::Csv if !self.started => {
                let header = cell::csv_header(&self.columns);
                self.ui.write(header.as_bytes())
            }
            _ => Ok(()),
        }
    }

    /// Prints one record by itself.
    pub(crate) fn single(mut self, record: &impl Serialize) -> Result<()> {
        match self.shape {
            Shape::Table => {
                let record = to_value(record)?;
                // A record alone has room for everything that has a value.
                let columns = if self.chosen {
                    self.columns
                } else {
                    self.noun.columns.iter().collect()
                };
                let text = table::sheet(self.ui, &columns, &record);
                self.ui.write(text.as_bytes())
            }
            Shape::Json | Shape::Yaml => {
                let record = self.projected(to_value(record)?);
                self.document(&record)
            }
            _ => self.push(record),
        }
    }

    fn document(&self, whole: &Value) -> Result<()> {
        match self.shape {
            Shape::Yaml => self.ui.write(yaml::document(whole).as_bytes()),
            _ => self.ui.line(&format!("{whole:#}")),
        }
    }

    /// The record with the chosen fields only.
    fn projected(&self, record: Value) -> Value {
        if !self.chosen {
            return record;
        }
        let picked = self
            .columns
            .iter()
            .map(|column| (column.key.to_owned(), record[column.key].clone()));
        Value::Object(picked.collect())
    }
}

fn named_columns(noun: &'static Noun, fields: &[String]) -> Result<Vec<&'static Column>> {
    let named = fields.iter().map(|field| {
        let found = noun.columns.iter().find(|column| column.key == field);
        found.ok_or_else(|| {
            let known: Vec<_> = noun.columns.iter().map(|column| column.key).collect();
            unknown(&format!("{} field", noun.name), field, &known)
        })
    });
    named.collect()
}

fn to_value(record: &impl Serialize) -> Result<Value> {
    serde_json::to_value(record)
        .map_err(|error| crate::error::Error::failure(format!("cannot show a record: {error}")))
}
