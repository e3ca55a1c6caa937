//! What an import alters of known products, field by field: the sample that a dry run shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::product::{Attributes, Product, ProductId};

/// A known product that an import alters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductChange {
    /// The row that alters it.
    pub line: u64,
    /// `null` when a row of the same file creates it.
    pub product_id: Option<ProductId>,
    pub sku: Option<String>,
    /// Its name before.
    pub name: String,
    pub fields: Vec<ChangedField>,
}

/// A field of it, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedField {
    /// The field's name, or `attributes.` and the attribute's.
    pub field: String,
    pub before: Value,
    pub after: Value,
}

impl ProductChange {
    /// Products kept of an import.
    pub const MAX_SAMPLE: usize = 20;

    /// What the row at `line` does to a product; one without a number yet has id 0.
    pub fn new(line: u64, before: &Product, after: &Product) -> Self {
        Self {
            line,
            product_id: Some(before.id).filter(|id| *id > 0),
            sku: before.sku.clone(),
            name: before.name.clone(),
            fields: changed_fields(before, after),
        }
    }
}

fn changed_fields(before: &Product, after: &Product) -> Vec<ChangedField> {
    const FIELDS: [&str; 6] = [
        "name",
        "description",
        "price",
        "quantity",
        "category",
        "low_stock_threshold",
    ];
    let [old, new] = [before, after].map(|product| {
        // Plain data always has a form as JSON.
        serde_json::to_value(product).unwrap_or_default()
    });
    let mut fields = Vec::new();
    for name in FIELDS {
        let (before, after) = (&old[name], &new[name]);
        add_if_changed(&mut fields, name.to_owned(), before.clone(), after.clone());
    }
    let none = Attributes::new();
    let [old, new] = [before, after].map(|product| product.attributes.as_ref().unwrap_or(&none));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let [before, after] = [old, new].map(|attributes| attributes.get(name).cloned());
        let field = format!("attributes.{name}");
        add_if_changed(&mut fields, field, before.into(), after.into());
    }
    fields
}

fn add_if_changed(fields: &mut Vec<ChangedField>, field: String, before: Value, after: Value) {
    if before != after {
        fields.push(ChangedField {
            field,
            before,
            after,
        });
    }
}
