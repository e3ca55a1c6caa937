//! One row on its way to the store: what it says, and what it leaves unsaid.

use serde::{Deserialize, Serialize};

use super::{ProductField, RowWarning, SkipReason};
use crate::domain::{
    clock::Timestamp,
    money::Price,
    product::{Attributes, NewProduct, Product, ProductId},
};

/// A set of product fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldSet(u8);

impl FieldSet {
    pub const NAME: Self = Self(1);
    pub const DESCRIPTION: Self = Self(1 << 1);
    pub const PRICE: Self = Self(1 << 2);
    pub const QUANTITY: Self = Self(1 << 3);
    pub const CATEGORY: Self = Self(1 << 4);
    pub const SKU: Self = Self(1 << 5);
    pub const LOW_STOCK_THRESHOLD: Self = Self(1 << 6);

    /// The set of this one field.
    pub const fn of(field: ProductField) -> Self {
        match field {
            ProductField::Name => Self::NAME,
            ProductField::Description => Self::DESCRIPTION,
            ProductField::Price => Self::PRICE,
            ProductField::Quantity => Self::QUANTITY,
            ProductField::Category => Self::CATEGORY,
            ProductField::Sku => Self::SKU,
            ProductField::LowStockThreshold => Self::LOW_STOCK_THRESHOLD,
        }
    }

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOrAssign for FieldSet {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// One row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRow {
    Product(ParsedRow),
    /// Left out on purpose.
    Skipped(SkipReason),
    Rejected(RejectedRow),
}

/// A row that passed validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRow {
    /// The line the row starts on, from 1 (the header's line counts).
    pub line: u64,
    /// The product that the row is about, in our own export.
    pub id: Option<ProductId>,
    /// The product the row would create, defaults filled in.
    pub product: RowProduct,
    /// The fields the row itself gives; only these overwrite a known product.
    pub given: FieldSet,
    /// What goes in otherwise than the row says.
    pub warnings: Vec<RowWarning>,
    /// The row as CSV in the file's dialect, without its line end, for the rejects file.
    pub record: Vec<u8>,
}

/// A product as a row has it: that of a known key may lack what a new one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProduct {
    pub name: Option<String>,
    pub description: Option<String>,
    pub price: Option<Price>,
    pub quantity: i32,
    pub category: String,
    pub sku: Option<String>,
    pub low_stock_threshold: Option<i32>,
    pub attributes: Option<Attributes>,
}

impl RowProduct {
    /// What a new product needs and this one lacks.
    pub fn missing(&self) -> Option<ProductField> {
        match (&self.name, self.price) {
            (None, _) => Some(ProductField::Name),
            (_, None) => Some(ProductField::Price),
            _ => None,
        }
    }

    /// The new product, when nothing is missing.
    pub fn complete(self) -> Option<NewProduct> {
        Some(NewProduct {
            name: self.name?,
            description: self.description,
            price: self.price?,
            quantity: self.quantity,
            category: self.category,
            sku: self.sku,
            low_stock_threshold: self.low_stock_threshold,
            attributes: self.attributes,
        })
    }
}

/// A row that was not written, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    pub line: u64,
    /// The file's own name of the column at fault; empty when it is the row as a whole.
    pub column: String,
    /// For programs: `REQUIRED`, `TYPE`, `MAX_LENGTH`, `DUPLICATE_SKU`, …
    pub code: String,
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// The row as CSV in the file's dialect, without its line end.
    pub record: Vec<u8>,
}

/// Why a row was not written, without the row itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectSummary {
    pub line: u64,
    pub column: String,
    pub code: String,
    pub message: String,
    pub hint: String,
}

impl ParsedRow {
    /// The known product as this row makes it, or `None` when the row alters nothing. What the row
    /// does not give stays as it is.
    pub fn applied_to(&self, known: &Product, at: Timestamp) -> Option<Product> {
        fn set<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        let (row, given) = (&self.product, |field| self.given.contains(field));
        let mut next = known.clone();
        set(&mut next.name, row.name.as_ref());
        set(&mut next.price, row.price.as_ref());
        // A product found by its id may get the sku that it did not have.
        if next.sku.is_none() {
            next.sku.clone_from(&row.sku);
        }
        if given(FieldSet::DESCRIPTION) {
            next.description.clone_from(&row.description);
        }
        if given(FieldSet::QUANTITY) {
            next.quantity = row.quantity;
        }
        if given(FieldSet::CATEGORY) {
            next.category.clone_from(&row.category);
        }
        if given(FieldSet::LOW_STOCK_THRESHOLD) {
            next.low_stock_threshold = row.low_stock_threshold;
        }
        if let Some(attributes) = &row.attributes {
            let stored = next.attributes.get_or_insert_default();
            stored.extend(attributes.clone());
        }
        (next != *known).then(|| next.touched(at))
    }
}
