//! What blank cells and missing columns are filled with: the person's choice, else ours.

use super::{
    ImportOptions, ImportPlan, ProductField,
    plan_error::{PlanError, PlanErrorCode, error_if_any},
};
use crate::domain::product::{FieldError, fields};

/// Filled in whatever the file is: no stock is known, and a product needs a category.
const BUILT_IN_DEFAULTS: [(ProductField, &str); 2] = [
    (ProductField::Quantity, "0"),
    (ProductField::Category, "Uncategorized"),
];

/// The person's defaults, then ours; each checked against its field's rule.
pub(super) fn choose(options: &ImportOptions) -> Result<Vec<(ProductField, String)>, PlanError> {
    let mut defaults: Vec<(ProductField, String)> = Vec::new();
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
    error_if_any(PlanErrorCode::ValidationError, errors)?;
    for (field, value) in BUILT_IN_DEFAULTS {
        if !defaults.iter().any(|(known, _)| *known == field) {
            defaults.push((field, value.to_owned()));
        }
    }
    Ok(defaults)
}

fn check_default(field: ProductField, value: &str) -> fields::FieldResult<()> {
    let checked = match field {
        ProductField::Description => fields::description(value).map(drop),
        ProductField::Quantity => fields::quantity(value).map(drop),
        ProductField::Category => fields::category(value).map(drop),
        ProductField::LowStockThreshold => fields::low_stock_threshold(value).map(drop),
        ProductField::Name | ProductField::Price | ProductField::Sku => {
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
pub(super) struct DefaultValues {
    pub(super) description: Option<String>,
    pub(super) quantity: i32,
    pub(super) category: String,
    pub(super) low_stock_threshold: Option<i32>,
}

impl DefaultValues {
    pub(super) fn new(plan: &ImportPlan) -> Self {
        let of = |field| {
            let mut all = plan.defaults.iter();
            all.find(|(known, _)| *known == field)
                .map(|(_, value)| value.as_str())
        };
        let threshold = of(ProductField::LowStockThreshold).map(fields::low_stock_threshold);
        Self {
            description: of(ProductField::Description).map(str::to_owned),
            quantity: of(ProductField::Quantity)
                .map_or(0, |text| fields::quantity(text).unwrap_or(0)),
            category: of(ProductField::Category)
                .unwrap_or_default()
                .trim()
                .to_owned(),
            low_stock_threshold: threshold.and_then(Result::ok),
        }
    }
}
