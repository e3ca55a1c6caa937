//! Import options as name and value pairs, the way a query string has them, and back.

use super::{
    DecimalMark, ErrorLimit, FileEncoding, ImportMode, ImportOptions, ImportPreset, LongText,
    ProductField, RepeatPolicy,
    header::{closest, fold},
};
use crate::domain::{
    message_text::shortened,
    product::{FieldError, fields::FieldResult},
};

/// The options, in the order they are listed to people.
const OPTION_NAMES: [&str; 12] = [
    "mode",
    "preset",
    "delimiter",
    "encoding",
    "decimal",
    "map",
    "default",
    "key",
    "long_text",
    "on_repeat",
    "dry_run",
    "max_errors",
];

impl ImportOptions {
    /// Whether `from_pairs` knows an option of this name.
    pub fn is_option(name: &str) -> bool {
        OPTION_NAMES.contains(&name)
    }

    /// Reads `mode`, `preset` (`auto` leaves it open), `delimiter` (`,` `;` `|` `tab`), `encoding`,
    /// `decimal` (`.` `,`), `long_text` (`cut`, `reject`), `on_repeat` (`accept`, `refuse`), `key`
    /// (`sku`), `dry_run` (`true`, `false`), `max_errors` (`20`, `5%`) and, as often as needed, `map` (`Preis=price`) and `default` (`category=Other`).
    /// Every fault is reported; an unknown name is one.
    pub fn from_pairs<'a>(
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut options = Self::default();
        let mut errors = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in pairs {
            let repeated = seen.contains(&name) && !matches!(name, "map" | "default");
            let taken = if repeated {
                Err(FieldError::new(
                    name,
                    "duplicate",
                    "is given twice; once is enough",
                    value,
                ))
            } else {
                options.take(name, value)
            };
            errors.extend(taken.err());
            seen.push(name);
        }
        if errors.is_empty() {
            Ok(options)
        } else {
            Err(errors)
        }
    }

    /// The pairs that `from_pairs` reads as these options.
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.mode.map(|mode| ("mode", mode.as_str().to_owned())));
        let preset = self.preset.map(|preset| preset.as_str().to_owned());
        pairs.extend(preset.map(|preset| ("preset", preset)));
        pairs.extend(self.delimiter.map(|d| ("delimiter", delimiter_name(d))));
        let long = self.long_text.map(|choice| ("long_text", choice.as_str()));
        let repeat = self.on_repeat.map(|choice| ("on_repeat", choice.as_str()));
        let choices = long.into_iter().chain(repeat);
        pairs.extend(choices.map(|(name, choice)| (name, choice.to_owned())));
        let encoding = self.encoding.map(|encoding| encoding.as_str().to_owned());
        pairs.extend(encoding.map(|encoding| ("encoding", encoding)));
        let decimal = self.decimal.map(|mark| mark.as_str().to_owned());
        pairs.extend(decimal.map(|mark| ("decimal", mark)));
        pairs.extend(self.dry_run.then(|| ("dry_run", "true".to_owned())));
        let limit = self.max_errors.map(|limit| limit.to_string());
        pairs.extend(limit.map(|limit| ("max_errors", limit)));
        let map = self.map.iter();
        pairs.extend(map.map(|(header, field)| ("map", format!("{header}={}", field.as_str()))));
        let defaults = self.defaults.iter();
        pairs.extend(
            defaults.map(|(field, value)| ("default", format!("{}={value}", field.as_str()))),
        );
        pairs
    }

    fn take(&mut self, name: &str, value: &str) -> FieldResult<()> {
        match name {
            "mode" => self.mode = Some(choice(name, value, &ImportMode::ALL, ImportMode::as_str)?),
            "preset" if value == "auto" => self.preset = None,
            "preset" => {
                self.preset = Some(choice(
                    name,
                    value,
                    &ImportPreset::ALL,
                    ImportPreset::as_str,
                )?);
            }
            "delimiter" => self.delimiter = Some(delimiter(value)?),
            "long_text" => {
                let known = choice(name, value, &LongText::ALL, LongText::as_str)?;
                self.long_text = Some(known);
            }
            "on_repeat" => {
                let known = choice(name, value, &RepeatPolicy::ALL, RepeatPolicy::as_str)?;
                self.on_repeat = Some(known);
            }
            "dry_run" => self.dry_run = flag(name, value)?,
            "max_errors" => self.max_errors = Some(error_limit(value)?),
            "encoding" => self.encoding = Some(encoding(value)?),
            "decimal" => self.decimal = Some(decimal(value)?),
            "map" => self.map.push(mapping(value)?),
            "default" => self.defaults.push(default(value)?),
            "key" if value == "sku" => {}
            "key" => {
                let rest = "must be sku, the only key there is";
                return Err(FieldError::new("key", "enum", rest, value));
            }
            _ => return Err(unknown(name, value)),
        }
        Ok(())
    }
}

fn choice<T: Copy>(
    name: &str,
    value: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> FieldResult<T> {
    let found = all.iter().copied().find(|item| as_str(*item) == value);
    found.ok_or_else(|| {
        let mut known: Vec<&str> = all.iter().map(|item| as_str(*item)).collect();
        if name == "preset" {
            known.insert(0, "auto");
        }
        let rest = format!("must be one of {}", known.join(", "));
        FieldError::new(name, "enum", &rest, value)
    })
}

fn flag(name: &str, value: &str) -> FieldResult<bool> {
    value
        .parse()
        .map_err(|_| FieldError::new(name, "enum", "must be true or false", value))
}

fn error_limit(value: &str) -> FieldResult<ErrorLimit> {
    let limit = ErrorLimit::parse(value);
    limit.ok_or_else(|| {
        let rest = "must be a number of rows such as 20, or a share of them such as 5%";
        FieldError::new("max_errors", "format", rest, value)
    })
}

fn delimiter(value: &str) -> FieldResult<char> {
    match value {
        "," => Ok(','),
        ";" => Ok(';'),
        "|" => Ok('|'),
        "tab" | "\t" => Ok('\t'),
        _ => Err(FieldError::new(
            "delimiter",
            "enum",
            "must be one of , ; | tab",
            value,
        )),
    }
}

fn delimiter_name(delimiter: char) -> String {
    if delimiter == '\t' {
        "tab".to_owned()
    } else {
        delimiter.to_string()
    }
}

fn decimal(value: &str) -> FieldResult<DecimalMark> {
    match value {
        "." | "point" => Ok(DecimalMark::Point),
        "," | "comma" => Ok(DecimalMark::Comma),
        _ => {
            let rest = "must be . or , (point or comma)";
            Err(FieldError::new("decimal", "enum", rest, value))
        }
    }
}

fn encoding(value: &str) -> FieldResult<FileEncoding> {
    FileEncoding::from_name(value).ok_or_else(|| {
        let rest = "is unknown; give one such as utf-8, utf-16le, windows-1252, macintosh, \
                    windows-1251, iso-8859-2, shift_jis or gb18030";
        FieldError::new("encoding", "enum", rest, value)
    })
}

/// `Header=field`; the header may contain `=` itself.
fn mapping(value: &str) -> FieldResult<(String, ProductField)> {
    let (header, name) = value
        .rsplit_once('=')
        .filter(|(header, _)| !header.trim().is_empty())
        .ok_or_else(|| {
            let rest = "must name a column of the file and one of ours, such as Preis=price";
            FieldError::new("map", "format", rest, value)
        })?;
    Ok((header.trim().to_owned(), field("map", name, value)?))
}

/// `field=value`; the value may contain `=` itself.
fn default(value: &str) -> FieldResult<(ProductField, String)> {
    let (name, text) = value.split_once('=').ok_or_else(|| {
        let rest = "must give a value to one of our columns, such as category=Other";
        FieldError::new("default", "format", rest, value)
    })?;
    Ok((field("default", name, value)?, text.to_owned()))
}

fn field(option: &str, name: &str, value: &str) -> FieldResult<ProductField> {
    let folded = fold(name);
    let found = ProductField::ALL
        .into_iter()
        .find(|f| fold(f.as_str()) == folded);
    found.ok_or_else(|| {
        let known = ProductField::ALL.map(ProductField::as_str);
        let meant = meant(closest(&[name], known.into_iter()));
        let rest = format!(
            "names the unknown field {name:?}{meant} (known: {})",
            known.join(", ")
        );
        FieldError::new(option, "unknown", &rest, value)
    })
}

fn unknown(name: &str, value: &str) -> FieldError {
    let meant = meant(closest(&[name], OPTION_NAMES.into_iter()));
    let rest = format!(
        "is not an import option{meant} (known: {})",
        OPTION_NAMES.join(", ")
    );
    FieldError::new(&shortened(name), "unknown", &rest, value)
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ImportOptions, Vec<FieldError>> {
        ImportOptions::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn reads_back_what_it_writes() {
        let options = ImportOptions {
            mode: Some(ImportMode::Skip),
            preset: Some(ImportPreset::Woocommerce),
            delimiter: Some('\t'),
            encoding: FileEncoding::from_name("mac-roman"),
            decimal: Some(DecimalMark::Comma),
            map: vec![
                ("Preis=netto".into(), ProductField::Price),
                ("Titel".into(), ProductField::Name),
            ],
            long_text: Some(LongText::Reject),
            on_repeat: Some(RepeatPolicy::Refuse),
            dry_run: true,
            max_errors: Some(ErrorLimit::Rows(7)),
            defaults: vec![(ProductField::Category, "a=b".into())],
        };
        let pairs = options.to_pairs();
        let again = ImportOptions::from_pairs(pairs.iter().map(|(n, v)| (*n, v.as_str())));
        assert_eq!(again.unwrap(), options);
        assert_eq!(
            read(&[("preset", "auto"), ("key", "sku")]).unwrap(),
            ImportOptions::default()
        );
    }

    #[test]
    fn every_fault_is_named() {
        let errors = read(&[
            ("mode", "replace"),
            ("preset", "myshop"),
            ("delimiter", ":"),
            ("encoding", "klingon"),
            ("decimal", ";"),
            ("map", "price"),
            ("map", "Preis=prise"),
            ("default", "category"),
            ("key", "name"),
            ("dry_run", "maybe"),
            ("max_errors", "many"),
            ("delimeter", ";"),
            ("mode", "create"),
        ])
        .unwrap_err();
        let faults: Vec<_> = errors
            .iter()
            .map(|e| (e.field.as_str(), e.constraint.as_str()))
            .collect();
        assert_eq!(
            faults,
            [
                ("mode", "enum"),
                ("preset", "enum"),
                ("delimiter", "enum"),
                ("encoding", "enum"),
                ("decimal", "enum"),
                ("map", "format"),
                ("map", "unknown"),
                ("default", "format"),
                ("key", "enum"),
                ("dry_run", "enum"),
                ("max_errors", "format"),
                ("delimeter", "unknown"),
                ("mode", "duplicate"),
            ]
        );
        assert!(errors[6].message.contains("did you mean price?"));
        assert!(errors[11].message.contains("did you mean delimiter?"));
    }
}
