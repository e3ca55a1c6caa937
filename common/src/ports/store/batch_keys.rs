//! Which product a row of an import is about: pure, the same for every engine. A row names it by its
//! sku, or by its id where the file is our own export.

use std::collections::{HashMap, HashSet};

use crate::domain::{
    product::{Product, ProductId},
    product_csv::ParsedRow,
};

/// What a row and the product it is about have in common. A product that has a sku is known by that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum RowKey {
    Sku(String),
    Id(ProductId),
}

/// A row that names two products.
#[derive(Debug)]
pub(super) struct KeyConflict {
    pub code: &'static str,
    pub message: String,
    pub hint: &'static str,
}

/// The seller's live products that have a sku or an id of the batch.
#[derive(Debug, Default)]
pub(super) struct KnownProducts {
    products: HashMap<RowKey, Product>,
    keys: HashMap<ProductId, RowKey>,
}

impl RowKey {
    /// The key of a row whose product is not known by its id.
    fn of(row: &ParsedRow) -> Option<Self> {
        let sku = row.product.sku.clone().map(Self::Sku);
        sku.or_else(|| row.id.map(Self::Id))
    }

    fn of_product(product: &Product) -> Self {
        let sku = product.sku.clone().map(Self::Sku);
        sku.unwrap_or(Self::Id(product.id))
    }
}

impl KnownProducts {
    /// Adds products; one that is here already is replaced.
    pub(super) fn extend(&mut self, products: impl IntoIterator<Item = Product>) {
        for product in products {
            let key = RowKey::of_product(&product);
            // Products of a dry run have no id yet.
            if product.id != 0 {
                self.keys.insert(product.id, key.clone());
            }
            self.products.insert(key, product);
        }
    }

    /// The skus of the rows that are not among the products yet, each once.
    pub(super) fn unknown_skus<'a>(&self, rows: &'a [ParsedRow]) -> Vec<&'a str> {
        let skus = rows.iter().filter_map(|row| row.product.sku.as_ref());
        let unknown = skus.filter(|sku| !self.contains(&RowKey::Sku((*sku).clone())));
        let unknown: HashSet<&str> = unknown.map(String::as_str).collect();
        unknown.into_iter().collect()
    }

    pub(super) fn contains(&self, key: &RowKey) -> bool {
        self.products.contains_key(key)
    }

    pub(super) fn take(&mut self, key: &RowKey) -> Option<Product> {
        self.products.remove(key)
    }

    /// The key of a row's product, known or not. An id that no product of the seller has counts as
    /// none: the row is about its sku, or about a new product.
    pub(super) fn key(&self, row: &ParsedRow) -> Result<Option<RowKey>, KeyConflict> {
        let key = row.id.and_then(|id| self.keys.get(&id));
        match (key, &row.product.sku) {
            (Some(RowKey::Sku(stored)), Some(sku)) if stored != sku => Err(KeyConflict {
                code: "SKU_MISMATCH",
                message: format!(
                    "the product with the id {} has the sku {stored:?}, the row has {sku:?}",
                    row.id.unwrap_or_default()
                ),
                hint: "clear the id to find the product by its sku, or correct the sku",
            }),
            (Some(key), _) => Ok(Some(key.clone())),
            (None, _) => Ok(RowKey::of(row)),
        }
    }
}

/// What a row is called in messages: `the sku "A-1"`.
pub(super) fn row_name(row: &ParsedRow) -> String {
    match (&row.product.sku, row.id) {
        (Some(sku), _) => format!("the sku {sku:?}"),
        (None, Some(id)) => format!("the id {id}"),
        (None, None) => "no sku".to_owned(),
    }
}

/// The ids that rows name, each once, in order.
pub(super) fn row_ids(rows: &[ParsedRow]) -> Vec<ProductId> {
    let mut ids: Vec<ProductId> = rows.iter().filter_map(|row| row.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
