//! JSON bodies: every broken rule is reported at once, in the order of the fields.

use serde_json::{Map, Value};

use super::{
    Attributes, NewProduct, ProductPatch, StockChange,
    fields::{self, FieldError, FieldResult},
};
use crate::domain::message_text::shortened;

/// The fields a body may have, in the order errors are reported.
const WRITABLE_FIELDS: [&str; 8] = [
    "name",
    "description",
    "price",
    "quantity",
    "category",
    "sku",
    "low_stock_threshold",
    "attributes",
];

/// The largest exponent of a number that is read, either sign.
const MAX_EXPONENT: isize = 1_000;

/// The fields of a stock change.
const STOCK_FIELDS: [&str; 2] = ["delta", "reason"];

impl NewProduct {
    /// Reads the body of a create. Unknown keys, wrong types and broken rules are all reported.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut reader = BodyReader::new(body, &WRITABLE_FIELDS);
        let name = reader.required("name", fields::name);
        let description = reader.optional("description", fields::description);
        let price = reader.required_number("price", fields::price);
        let quantity = reader.required_number("quantity", fields::quantity);
        let category = reader.required("category", fields::category);
        let sku = reader.optional("sku", fields::sku);
        let threshold = reader.optional_number("low_stock_threshold", fields::low_stock_threshold);
        let attributes = reader.attributes();
        match (name, price, quantity, category) {
            (Some(name), Some(price), Some(quantity), Some(category))
                if reader.errors.is_empty() =>
            {
                Ok(Self {
                    name,
                    description: description.flatten().flatten(),
                    price,
                    quantity,
                    category,
                    sku: sku.flatten().flatten(),
                    low_stock_threshold: threshold.flatten(),
                    attributes: attributes.flatten(),
                })
            }
            _ => Err(reader.errors),
        }
    }
}

impl ProductPatch {
    /// Reads the body of an update: any non-empty subset of the writable fields.
    /// `null` clears `description`, `sku`, `low_stock_threshold` and `attributes`.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut reader = BodyReader::new(body, &WRITABLE_FIELDS);
        if body.is_empty() {
            let message = "needs at least one field to change";
            reader
                .errors
                .push(FieldError::new("body", "not_empty", message, ""));
        }
        let present = |field| body.contains_key(field);
        let patch = Self {
            name: present("name")
                .then(|| reader.required("name", fields::name))
                .flatten(),
            description: reader
                .optional("description", fields::description)
                .map(Option::flatten),
            price: present("price")
                .then(|| reader.required_number("price", fields::price))
                .flatten(),
            quantity: present("quantity")
                .then(|| reader.required_number("quantity", fields::quantity))
                .flatten(),
            category: present("category")
                .then(|| reader.required("category", fields::category))
                .flatten(),
            sku: reader.optional("sku", fields::sku).map(Option::flatten),
            low_stock_threshold: reader
                .optional_number("low_stock_threshold", fields::low_stock_threshold),
            attributes: reader.attributes(),
        };
        if reader.errors.is_empty() {
            Ok(patch)
        } else {
            Err(reader.errors)
        }
    }
}

impl StockChange {
    /// Reads `{delta, reason?}`.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut reader = BodyReader::new(body, &STOCK_FIELDS);
        let delta = reader.required_number("delta", fields::delta);
        let reason = reader
            .optional("reason", fields::reason)
            .flatten()
            .flatten();
        match delta {
            Some(delta) if reader.errors.is_empty() => Ok(Self { delta, reason }),
            _ => Err(reader.errors),
        }
    }
}

/// Takes fields out of a body and gathers what is wrong with them.
struct BodyReader<'a> {
    body: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> BodyReader<'a> {
    fn new(body: &'a Map<String, Value>, known: &[&str]) -> Self {
        let unknown = body.keys().filter(|key| !known.contains(&key.as_str()));
        let hint = format!("the fields are {}", known.join(", "));
        let errors = unknown
            .map(|key| {
                FieldError::new(&shortened(key), "unknown", "is not a known field", "")
                    .of_value(body.get(key))
                    .hint(hint.as_str())
            })
            .collect();
        Self { body, errors }
    }

    fn keep<T>(&mut self, checked: FieldResult<T>) -> Option<T> {
        let sent = |error: FieldError| {
            let value = self.body.get(&error.field);
            error.of_value(value)
        };
        checked.map_err(|error| self.errors.push(sent(error))).ok()
    }

    fn required<T>(&mut self, field: &str, rule: fn(&str) -> FieldResult<T>) -> Option<T> {
        let checked = match self.body.get(field) {
            None | Some(Value::Null) => Err(FieldError::required(field)),
            Some(Value::String(text)) => rule(text),
            Some(_) => Err(wrong_type(field, "must be a string")),
        };
        self.keep(checked)
    }

    /// Numbers may come as JSON numbers or as numeric strings.
    fn required_number<T>(&mut self, field: &str, rule: fn(&str) -> FieldResult<T>) -> Option<T> {
        let checked = match self.body.get(field) {
            None | Some(Value::Null) => Err(FieldError::required(field)),
            Some(value) => number_text(field, value).and_then(|text| rule(&text)),
        };
        self.keep(checked)
    }

    /// Absent is `None`, null is `Some(None)`.
    fn optional<T>(&mut self, field: &str, rule: fn(&str) -> FieldResult<T>) -> Option<Option<T>> {
        match self.body.get(field)? {
            Value::Null => Some(None),
            Value::String(text) => self.keep(rule(text)).map(Some),
            _ => self.keep(Err(wrong_type(field, "must be a string or null"))),
        }
    }

    fn optional_number<T>(
        &mut self,
        field: &str,
        rule: fn(&str) -> FieldResult<T>,
    ) -> Option<Option<T>> {
        match self.body.get(field)? {
            Value::Null => Some(None),
            value => {
                let checked = number_text(field, value).and_then(|text| rule(&text));
                self.keep(checked).map(Some)
            }
        }
    }

    fn attributes(&mut self) -> Option<Option<Attributes>> {
        let refusal = "must be an object of strings or null";
        match self.body.get("attributes")? {
            Value::Null => Some(None),
            Value::Object(map) => {
                let texts: Option<Attributes> = map
                    .iter()
                    .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                    .collect();
                let checked = texts
                    .ok_or_else(|| wrong_type("attributes", refusal))
                    .and_then(fields::attributes);
                self.keep(checked)
            }
            _ => self.keep(Err(wrong_type("attributes", refusal))),
        }
    }
}

/// The text of a number, which its rule reads. In JSON it may have an exponent.
fn number_text(field: &str, value: &Value) -> FieldResult<String> {
    match value {
        Value::Number(number) => Ok(without_exponent(number.to_string())),
        Value::String(text) => Ok(text.clone()),
        _ => Err(wrong_type(field, "must be a number")),
    }
}

/// A JSON number as a plain decimal of the same value; one of very many digits stays as it is, and
/// its rule refuses it.
fn without_exponent(number: String) -> String {
    let Some((mantissa, exponent)) = number.split_once(['e', 'E']) else {
        return number;
    };
    let Some(exponent) = exponent
        .parse()
        .ok()
        .filter(|e: &isize| e.abs() <= MAX_EXPONENT)
    else {
        return number;
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = |count: usize| "0".repeat(count);
    match whole.len().checked_add_signed(exponent) {
        None | Some(0) => {
            let missing = exponent.unsigned_abs() - whole.len();
            format!("{sign}0.{}{digits}", zeros(missing))
        }
        Some(point) if point < digits.len() => {
            let (whole, fraction) = digits.split_at(point);
            format!("{sign}{whole}.{fraction}")
        }
        Some(point) => format!("{sign}{digits}{}", zeros(point - digits.len())),
    }
}

fn wrong_type(field: &str, rest: &str) -> FieldError {
    FieldError::new(field, "type", rest, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Price;

    fn object(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reports_every_broken_rule() {
        let body = object(r#"{"name":" ","price":"1e3","quantity":-1,"colour":"red","sku":5}"#);
        let errors = NewProduct::from_json(&body).unwrap_err();
        let broken: Vec<_> = errors
            .iter()
            .map(|e| (e.field.as_str(), e.constraint.as_str()))
            .collect();
        assert_eq!(
            broken,
            [
                ("colour", "unknown"),
                ("name", "required"),
                ("price", "type"),
                ("quantity", "min"),
                ("category", "required"),
                ("sku", "type"),
            ]
        );
    }

    #[test]
    fn takes_numbers_and_numeric_strings() {
        let body = object(
            r#"{"name":"A","price":"19.905","quantity":"7","category":"B","sku":"","description":""}"#,
        );
        let product = NewProduct::from_json(&body).unwrap();
        assert_eq!((product.price.cents(), product.quantity), (1991, 7));
        assert_eq!((product.sku, product.description), (None, None));
    }

    #[test]
    fn numbers_may_have_an_exponent() {
        for (number, text) in [
            ("1.2345678E7", "12345678"),
            ("1e3", "1000"),
            ("-1.5e1", "-15"),
            ("1234.5e-2", "12.345"),
            ("5e-3", "0.005"),
            ("12e-2", "0.12"),
            ("0.5e1", "05"),
            ("1e1001", "1e+1001"),
            ("19.99", "19.99"),
        ] {
            let number: Value = serde_json::from_str(number).unwrap();
            assert_eq!(number_text("price", &number).unwrap(), text, "{number}");
        }
    }

    #[test]
    fn null_clears_only_what_may_be_empty() {
        let patch = ProductPatch::from_json(&object(r#"{"sku":null,"description":null}"#)).unwrap();
        assert_eq!(
            (patch.sku, patch.description, patch.name),
            (Some(None), Some(None), None)
        );
        assert!(ProductPatch::from_json(&object(r#"{"name":null}"#)).is_err());
        assert!(ProductPatch::from_json(&object("{}")).is_err());
    }

    fn sent(request: &impl serde::Serialize) -> Map<String, Value> {
        object(&serde_json::to_string(request).unwrap())
    }

    /// Red when: a field is renamed on one side, or `skip_serializing_if` hides a null.
    #[test]
    fn bodies_are_read_back_as_they_were_sent() {
        let full = NewProduct {
            name: "Käse \"1\"".into(),
            description: Some(" kept as written ".into()),
            price: Price::from_cents(9_999_999_999).unwrap(),
            quantity: i32::MAX,
            category: "B".into(),
            sku: Some("S-1".into()),
            low_stock_threshold: Some(0),
            attributes: Some(Attributes::from([("k".into(), "v".into())])),
        };
        let least = NewProduct {
            description: None,
            sku: None,
            low_stock_threshold: None,
            attributes: None,
            ..full.clone()
        };
        assert_eq!(sent(&full).len(), WRITABLE_FIELDS.len());
        for product in [full.clone(), least] {
            assert_eq!(NewProduct::from_json(&sent(&product)), Ok(product));
        }
        let all = ProductPatch {
            name: Some(full.name),
            description: Some(full.description),
            price: Some(full.price),
            quantity: Some(full.quantity),
            category: Some(full.category),
            sku: Some(full.sku),
            low_stock_threshold: Some(full.low_stock_threshold),
            attributes: Some(full.attributes),
        };
        let cleared = ProductPatch {
            description: Some(None),
            sku: Some(None),
            low_stock_threshold: Some(None),
            attributes: Some(None),
            ..ProductPatch::default()
        };
        assert_eq!(sent(&all).len(), WRITABLE_FIELDS.len());
        for patch in [all, cleared] {
            assert_eq!(ProductPatch::from_json(&sent(&patch)), Ok(patch));
        }
        for reason in [Some("damaged".to_owned()), None] {
            let change = StockChange { delta: -3, reason };
            assert_eq!(StockChange::from_json(&sent(&change)), Ok(change));
        }
    }

    type BodyParser<R> = fn(&Map<String, Value>) -> Result<R, Vec<FieldError>>;

    /// Red when: a schema has a field that the parser refuses, or misses one that it reads.
    #[test]
    fn schemas_have_the_fields_that_are_read() {
        fn check<T: utoipa::PartialSchema, R: std::fmt::Debug>(
            known: &[&str],
            read: BodyParser<R>,
        ) {
            let schema = serde_json::to_value(T::schema()).unwrap();
            let fields: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
            let mut known = known.to_vec();
            known.sort_unstable();
            assert_eq!(fields, known);
            let required = |field: &&&str| {
                let errors = read(&Map::new()).unwrap_err();
                errors
                    .iter()
                    .any(|e| e.field == **field && e.constraint == "required")
            };
            let mut said: Vec<_> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .collect();
            said.sort_unstable_by_key(|field| field.as_str());
            assert_eq!(said, known.iter().filter(required).collect::<Vec<_>>());
        }
        check::<NewProduct, _>(&WRITABLE_FIELDS, NewProduct::from_json);
        check::<ProductPatch, _>(&WRITABLE_FIELDS, ProductPatch::from_json);
        check::<StockChange, _>(&STOCK_FIELDS, StockChange::from_json);
    }
}
