//! The fields of a product that only the server writes, when a client sends a product back as it
//! read it: equal values are ignored, another version is a conflict, anything else is an error.

use pm_common::domain::{
    error::{Conflict, Error, Result},
    product::{FieldError, Product},
};
use serde_json::{Map, Value};

/// In the order errors are reported. `deleted_at` is null: only live products are changed.
const READ_ONLY_FIELDS: [&str; 6] = [
    "id",
    "seller_id",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
];

/// What a body says about them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReadOnlyFields(Map<String, Value>);

impl ReadOnlyFields {
    /// Takes them out of a body; `None` when it has none of them.
    pub(super) fn take(body: &mut Map<String, Value>) -> Option<Self> {
        let sent: Map<_, _> = READ_ONLY_FIELDS
            .iter()
            .filter_map(|field| body.remove_entry(*field))
            .collect();
        (!sent.is_empty()).then_some(Self(sent))
    }

    /// Whether they are those of this product.
    ///
    /// # Errors
    /// [`Conflict::Version`] for another version, otherwise [`Error::Invalid`] with each field that
    /// differs.
    pub(super) fn check(&self, product: &Product) -> Result<()> {
        let present = serde_json::to_value(product).unwrap_or_default();
        let differs = |field: &&str| {
            self.0
                .get(*field)
                .is_some_and(|value| *value != present[*field])
        };
        let errors: Vec<_> = READ_ONLY_FIELDS
            .into_iter()
            .filter(differs)
            .map(|field| {
                FieldError::new(field, "read_only", "cannot be changed", "")
                    .of_value(self.0.get(field))
            })
            .collect();
        let is_number = |error: &FieldError| error.value.is_number();
        if errors.iter().any(|e| e.field == "version" && is_number(e)) {
            let current = product.version;
            return Err(Conflict::Version { current }.into());
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Error::Invalid(errors)),
        }
    }

    /// The version that the product must still have when it is written: a client that names it, or
    /// when it was changed, has seen that state.
    pub(super) fn pins_version(&self) -> bool {
        ["version", "updated_at"]
            .iter()
            .any(|field| self.0.contains_key(*field))
    }
}

#[cfg(test)]
mod tests {
    use pm_common::domain::{
        clock::Timestamp, money::Price, product::NewProduct, seller::SellerId,
    };

    use super::*;

    fn lamp() -> Product {
        let new = NewProduct {
            name: "Lamp".into(),
            description: None,
            price: Price::from_cents(1999).unwrap(),
            quantity: 5,
            category: "Light".into(),
            sku: None,
            low_stock_threshold: None,
            attributes: None,
        };
        let seller = SellerId::parse("seller-1").unwrap();
        new.into_product(7, seller, Timestamp::from_millis(1000))
    }

    fn sent(field: &str, value: Value) -> ReadOnlyFields {
        let mut body = Map::from_iter([(field.to_owned(), value), ("name".into(), "B".into())]);
        let fields = ReadOnlyFields::take(&mut body).unwrap();
        assert_eq!(body.len(), 1, "writable fields stay");
        fields
    }

    #[test]
    fn a_product_comes_back_as_it_was_read() {
        let Value::Object(mut body) = serde_json::to_value(lamp()).unwrap() else {
            panic!("a product is an object");
        };
        body.insert("deleted_at".into(), Value::Null);
        let fields = ReadOnlyFields::take(&mut body).unwrap();
        assert!(fields.check(&lamp()).is_ok() && fields.pins_version());
        assert_eq!(ReadOnlyFields::take(&mut body), None);
    }

    #[test]
    fn another_version_is_a_conflict_and_other_values_are_errors() {
        let refused = |field, value| sent(field, value).check(&lamp()).unwrap_err();
        assert!(matches!(
            refused("version", 2.into()),
            Error::Conflict(Conflict::Version { current: 1 })
        ));
        for (field, value) in [
            ("id", Value::from(8)),
            ("seller_id", "seller-2".into()),
            ("version", "one".into()),
            ("updated_at", Value::Null),
            ("deleted_at", "2026-01-01T00:00:00.000Z".into()),
        ] {
            let Error::Invalid(errors) = refused(field, value.clone()) else {
                panic!("{field} is taken");
            };
            assert_eq!(
                (errors[0].field.as_str(), &errors[0].value),
                (field, &value)
            );
        }
    }
}
