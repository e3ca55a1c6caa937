//! What blank cells and missing columns are filled with: the person's choice, else ours.

use super::{
    Field, ImportOptions, Plan,
    refusal::{PlanError, PlanErrorCode, refuse_any},
};
use crate::domain::product::{FieldError, fields};

/// Filled in whatever the file is: no stock is known, and a product needs a category.
const OURS: [(Field, &str); 2] = [(Field::Quantity, "0"), (Field::Category, "Uncategorized")];

/// The person's defaults, then ours; each checked against its field's rule.
pub(super) fn choose(options: &ImportOptions) -> Result<Vec<(Field, String)>, PlanError> {
    let mut defaults: Vec<(Field, String)> = Vec::new();
    let mut errors = Vec::new();
    for (field, value) in &options.defaults {
        if defaults.iter().any(|(known, _)| known == field) {
            let rest = format!("gives {} twice", field.as_str());
            errors.push(FieldError::new("default", "duplicate", &rest, value));
        } else {
            errors.extend(check_default(*field, value).err());
            defaults.push((*field, value.clone()));
        }
    }
    refuse_any(PlanErrorCode::ValidationError, errors)?;
    for (field, value) in OURS {
        if !defaults.iter().any(|(known, _)| *known == field) {
            defaults.push((field, value.to_owned()));
        }
    }
    Ok(defaults)
}

fn check_default(field: Field, value: &str) -> fields::Checked<()> {
    let checked = match field {
        Field::Description => fields::description(value).map(drop),
        Field::Quantity => fields::quantity(value).map(drop),
        Field::Category => fields::category(value).map(drop),
        Field::LowStockThreshold => fields::low_stock_threshold(value).map(drop),
        Field::Name | Field::Price | Field::Sku => {
            let rest = "has no default: every row must give its own";
            Err(FieldError::new(field.as_str(), "unsupported", rest, value))
        }
    };
    checked.map_err(|error| {
        let rest = format!("is refused: {}", error.message);
        FieldError::new("default", &error.constraint, &rest, value)
    })
}

/// The chosen defaults as stored values.
#[derive(Debug)]
pub(super) struct Defaults {
    pub(super) description: Option<String>,
    pub(super) quantity: i32,
    pub(super) category: String,
    pub(super) low_stock_threshold: Option<i32>,
}

impl Defaults {
    pub(super) fn new(plan: &Plan) -> Self {
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
