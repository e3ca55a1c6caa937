//! Changes of the stock of many products in one request.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{FieldError, Product, ProductId, StockChange, fields};

/// Changes of one batch, at most.
const MAX_STOCK_CHANGES: usize = 1_000;
/// Broken rules of one batch that are reported.
const MAX_REPORTED: usize = 100;

/// The product that a change is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductRef {
    /// By its number.
    Id(ProductId),
    /// By its sku, which an undeleted product of the seller has.
    Sku(String),
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockBatchLine {
    /// Which product.
    pub product: ProductRef,
    /// What is added to its stock, or taken from it.
    pub change: StockChange,
}

/// 1 to 1,000 changes, applied in their order, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockBatch {
    /// The changes.
    pub lines: Vec<StockBatchLine>,
    /// Whether one that cannot be done leaves all undone.
    pub atomic: bool,
}

/// What became of one change. A product that several changes name is the one after all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StockOutcome {
    /// Done; the product as it is now.
    Done(Product),
    /// The seller has no such undeleted product.
    Absent,
    /// The product stays as it is.
    Refused {
        /// The product.
        id: ProductId,
        /// Why.
        refusal: StockRefusal,
    },
}

/// Why a stock cannot change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StockRefusal {
    /// It would fall below zero.
    Insufficient {
        /// Units on hand.
        available: i32,
        /// Units asked for (positive).
        requested: i64,
    },
    /// It would rise above the largest quantity a product can have.
    Overflow {
        /// Units on hand.
        available: i32,
    },
}

impl StockChange {
    /// The stock after this change of `available` units.
    pub fn applied_to(&self, available: i32) -> Result<i32, StockRefusal> {
        let quantity = i64::from(available).saturating_add(self.delta);
        if quantity < 0 {
            return Err(StockRefusal::Insufficient {
                available,
                requested: self.delta.saturating_neg(),
            });
        }
        i32::try_from(quantity).map_err(|_| StockRefusal::Overflow { available })
    }
}

/// The body of a batch, as it is documented.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockBatchIn, description = "The body of a stock change of many products: 1 to 1,000 changes.",
    example = json!({"changes": [{"sku": "L-1", "delta": -2, "reason": "sold"}, {"id": 7, "delta": 5}], "atomic": false}))]
pub struct StockBatchBody {
    /// 1 to 1,000 changes, applied in their order.
    pub changes: Vec<StockBatchEntry>,
    /// Whether one that cannot be done leaves all undone; by default each stands on its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atomic: Option<bool>,
}

/// One change of the body: of the product with this id, or with this sku.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockBatchEntryIn)]
pub struct StockBatchEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ProductId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Units to add, negative to take; not 0.
    pub delta: i64,
    /// At most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl StockBatch {
    /// Reads `{changes:[{id or sku, delta, reason?}], atomic?}`.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut errors: Vec<_> = body
            .keys()
            .filter(|key| !["changes", "atomic"].contains(&key.as_str()))
            .map(|key| {
                FieldError::new(key, "unknown", "is not a known field", "")
                    .of_value(body.get(key))
                    .hint("the fields are changes, atomic")
            })
            .collect();
        let atomic = match body.get("atomic") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(atomic)) => *atomic,
            other => {
                errors.push(
                    FieldError::new("atomic", "type", "must be true or false", "").of_value(other),
                );
                false
            }
        };
        let lines = lines(body.get("changes"), &mut errors);
        match errors.is_empty() {
            true => Ok(Self { lines, atomic }),
            false => {
                errors.truncate(MAX_REPORTED);
                Err(errors)
            }
        }
    }
}

impl StockBatch {
    /// Whether what was asked for was done, wholly or, unless the batch is atomic, in part.
    pub fn succeeded(&self, outcomes: &[StockOutcome]) -> bool {
        let done = |outcome: &StockOutcome| matches!(outcome, StockOutcome::Done(_));
        !self.atomic || outcomes.iter().all(done)
    }
}

fn lines(changes: Option<&Value>, errors: &mut Vec<FieldError>) -> Vec<StockBatchLine> {
    let refused = |constraint, rest| FieldError::new("changes", constraint, rest, "");
    let changes = match changes {
        None | Some(Value::Null) => {
            errors.push(FieldError::required("changes"));
            return Vec::new();
        }
        Some(Value::Array(changes)) => changes,
        other => {
            errors.push(refused("type", "must be a list of changes").of_value(other));
            return Vec::new();
        }
    };
    if changes.is_empty() || changes.len() > MAX_STOCK_CHANGES {
        errors.push(refused("count", "must have 1 to 1,000 entries"));
        return Vec::new();
    }
    let mut lines = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        match line(change) {
            Ok(line) => lines.push(line),
            Err(broken) => errors.extend(broken.into_iter().map(|error| error.within(index))),
        }
    }
    lines
}

fn line(change: &Value) -> Result<StockBatchLine, Vec<FieldError>> {
    let Value::Object(change) = change else {
        let error = FieldError::new("change", "type", "must be an object", "");
        return Err(vec![error.of_value(Some(change))]);
    };
    let mut rest = change.clone();
    let named = |field: &str, rest: &mut Map<String, Value>| {
        rest.remove(field).filter(|value| !value.is_null())
    };
    let (id, sku) = (named("id", &mut rest), named("sku", &mut rest));
    let product = product_ref(id.as_ref(), sku.as_ref());
    match (product, StockChange::from_json(&rest)) {
        (Ok(product), Ok(change)) => Ok(StockBatchLine { product, change }),
        (product, change) => {
            let mut errors = Vec::from_iter(product.err());
            errors.extend(change.err().into_iter().flatten());
            Err(errors)
        }
    }
}

fn product_ref(id: Option<&Value>, sku: Option<&Value>) -> Result<ProductRef, FieldError> {
    match (id, sku) {
        (Some(id), None) => match id.as_i64() {
            Some(id) if id > 0 => Ok(ProductRef::Id(id)),
            _ => Err(
                FieldError::new("id", "type", "must be a positive whole number", "")
                    .of_value(Some(id)),
            ),
        },
        (None, Some(Value::String(sku))) => match fields::sku(sku)? {
            Some(sku) => Ok(ProductRef::Sku(sku)),
            None => Err(FieldError::required("sku")),
        },
        (None, Some(sku)) => {
            Err(FieldError::new("sku", "type", "must be a string", "").of_value(Some(sku)))
        }
        (None, None) => Err(FieldError::new("id", "required", "or sku is required", "")),
        (Some(_), Some(_)) => Err(FieldError::new(
            "id",
            "conflict",
            "and sku are both given: name the product by one of them",
            "",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<StockBatch, Vec<FieldError>> {
        StockBatch::from_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn products_are_named_by_id_or_sku() {
        let batch = read(
            r#"{"changes":[{"id":7,"delta":-2,"reason":"sold"},{"sku":" L-1 ","delta":"5"}]}"#,
        )
        .unwrap();
        let change = |delta, reason: Option<&str>| StockChange {
            delta,
            reason: reason.map(str::to_owned),
        };
        let expected = [
            (ProductRef::Id(7), change(-2, Some("sold"))),
            (ProductRef::Sku("L-1".into()), change(5, None)),
        ]
        .map(|(product, change)| StockBatchLine { product, change });
        assert_eq!(
            (batch.lines.as_slice(), batch.atomic),
            (&expected[..], false)
        );
    }

    /// Red when: a field of the documented body is renamed, or not read.
    #[test]
    fn the_documented_body_is_the_one_that_is_read() {
        let entry = |id, sku: Option<&str>| StockBatchEntry {
            id,
            sku: sku.map(str::to_owned),
            delta: -2,
            reason: Some("sold".to_owned()),
        };
        let body = StockBatchBody {
            changes: vec![entry(Some(7), None), entry(None, Some("L-1"))],
            atomic: Some(true),
        };
        let batch = read(&serde_json::to_string(&body).unwrap()).unwrap();
        let reasons = batch.lines.iter().map(|line| line.change.reason.as_deref());
        assert!(batch.atomic && reasons.eq([Some("sold"); 2]));
        let products: Vec<_> = batch.lines.into_iter().map(|line| line.product).collect();
        assert_eq!(products, [ProductRef::Id(7), ProductRef::Sku("L-1".into())]);
    }

    /// Red when: an error does not say which change it is of, or a batch with one is taken.
    #[test]
    fn each_broken_rule_names_its_change() {
        let errors = read(
            r#"{"changes":[{"id":7,"delta":1},{"delta":0},{"id":1,"sku":"a","delta":1},7,
                {"id":"x","delta":1,"colour":2}],"atomic":"yes"}"#,
        )
        .unwrap_err();
        let broken: Vec<_> = errors.iter().map(|e| e.message.as_str()).collect();
        assert_eq!(
            broken,
            [
                "atomic must be true or false",
                "changes[1].id or sku is required",
                "changes[1].delta must not be 0",
                "changes[2].id and sku are both given: name the product by one of them",
                "changes[3] must be an object",
                "changes[4].id must be a positive whole number",
                "changes[4].colour is not a known field",
            ]
        );
        for wrong in ["{}", r#"{"changes":{}}"#, r#"{"changes":[]}"#] {
            assert_eq!(read(wrong).unwrap_err()[0].field, "changes", "{wrong}");
        }
        let one = r#"{"id":7,"delta":1}"#;
        let many = |count| format!(r#"{{"changes":[{}]}}"#, vec![one; count].join(","));
        assert!(read(&many(MAX_STOCK_CHANGES)).is_ok());
        assert!(read(&many(MAX_STOCK_CHANGES + 1)).is_err());
    }
}
