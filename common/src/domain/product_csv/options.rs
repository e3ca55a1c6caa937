//! What a person may settle about an import; everything has a sensible default.

use serde::{Deserialize, Serialize};

use super::{DecimalMark, ErrorLimit, FileEncoding, LongText, RepeatPolicy};

/// A column of ours.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = Field)]
pub enum ProductField {
    Name,
    Description,
    Price,
    Quantity,
    Category,
    Sku,
    LowStockThreshold,
}

impl ProductField {
    /// Every field, in the order of the plain header.
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Description,
        Self::Price,
        Self::Quantity,
        Self::Category,
        Self::Sku,
        Self::LowStockThreshold,
    ];

    /// The plain header name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Price => "price",
            Self::Quantity => "quantity",
            Self::Category => "category",
            Self::Sku => "sku",
            Self::LowStockThreshold => "low_stock_threshold",
        }
    }

    /// The field with this plain name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// What happens to a row whose key is known already, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// New rows only; a known sku rejects the row.
    Create,
    /// Create or update by sku.
    Upsert,
    /// Known skus only; an unknown one rejects the row.
    Update,
    /// Create unknown skus, leave known ones alone (counted as skipped).
    Skip,
}

impl ImportMode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Create, Self::Upsert, Self::Update, Self::Skip];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Upsert => "upsert",
            Self::Update => "update",
            Self::Skip => "skip",
        }
    }
}

/// Whose export the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Preset)]
pub enum ImportPreset {
    Generic,
    Shopify,
    Woocommerce,
    Prestashop,
    Medusa,
    Vendure,
    Wix,
    Lightspeed,
    Square,
    Etsy,
    Ebay,
    Amazon,
    Squarespace,
    Bigcommerce,
    Odoo,
    Magento,
}

impl ImportPreset {
    /// Every preset.
    pub const ALL: [Self; 16] = [
        Self::Generic,
        Self::Shopify,
        Self::Woocommerce,
        Self::Prestashop,
        Self::Medusa,
        Self::Vendure,
        Self::Wix,
        Self::Lightspeed,
        Self::Square,
        Self::Etsy,
        Self::Ebay,
        Self::Amazon,
        Self::Squarespace,
        Self::Bigcommerce,
        Self::Odoo,
        Self::Magento,
    ];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Prestashop => "prestashop",
            Self::Medusa => "medusa",
            Self::Vendure => "vendure",
            Self::Wix => "wix",
            Self::Lightspeed => "lightspeed",
            Self::Square => "square",
            Self::Etsy => "etsy",
            Self::Ebay => "ebay",
            Self::Amazon => "amazon",
            Self::Squarespace => "squarespace",
            Self::Bigcommerce => "bigcommerce",
            Self::Odoo => "odoo",
            Self::Magento => "magento",
        }
    }
}

/// The person's choices; `None` and empty mean: find out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    pub mode: Option<ImportMode>,
    pub preset: Option<ImportPreset>,
    /// One of `,`, `;`, tab and `|`.
    pub delimiter: Option<char>,
    /// What becomes of descriptions that are too long.
    #[serde(default)]
    pub long_text: Option<LongText>,
    /// What becomes of a file that was imported before.
    #[serde(default)]
    pub on_repeat: Option<RepeatPolicy>,
    /// Everything but the change of products.
    #[serde(default)]
    pub dry_run: bool,
    /// More rejected rows stop the import.
    #[serde(default)]
    pub max_errors: Option<ErrorLimit>,
    /// What characters the bytes stand for.
    #[serde(default)]
    pub encoding: Option<FileEncoding>,
    /// The decimal mark of all columns of numbers.
    #[serde(default)]
    pub decimal: Option<DecimalMark>,
    /// Header name (folded like the file's own) to field.
    pub map: Vec<(String, ProductField)>,
    /// Value for cells that are blank or columns that are missing.
    pub defaults: Vec<(ProductField, String)>,
}
