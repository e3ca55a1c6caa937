//! Sample values. A test states only the fields that it is about.

use crate::domain::{money::Price, product::NewProduct};

/// A product with the required fields alone, and plenty in stock.
pub(crate) fn new_lamp() -> NewProduct {
    NewProduct {
        name: "Lamp".to_owned(),
        description: None,
        price: Price::parse("19.90").unwrap(),
        quantity: 50,
        category: "Home".to_owned(),
        sku: None,
        low_stock_threshold: None,
        attributes: None,
    }
}
