//! The shapes of known shops' exports: for each a table of names and at most one small rule.
//!
//! To add one: a file with its `ShopShape`, its variant in `ImportPreset`, its line in `of` and in
//! `RECOGNISED_PRESETS`. What its rows have in common with others (variants, sums, first paths) is a field
//! of the table; only what is special is a rule.

mod amazon;
mod bigcommerce;
mod ebay;
mod etsy;
mod generic;
mod lightspeed;
mod magento;
mod medusa;
mod odoo;
mod prestashop;
mod shopify;
mod square;
mod squarespace;
mod vendure;
mod wix;
mod woocommerce;

use serde::{Deserialize, Serialize};

use super::{
    ImportPreset, ProductField, SkipReason, cell_splitter::RowCells, row_fields::RowFields,
};

/// Names of columns, the best first.
type ColumnNames = &'static [&'static str];

/// One shop's export.
#[derive(Debug)]
pub(super) struct ShopShape {
    /// A header is of this shape when it has one name of each.
    pub(super) marks: &'static [ColumnNames],
    pub(super) names: FieldNames,
    /// Columns that fill a field whose own cell is blank.
    pub(super) fallbacks: &'static [(ProductField, ColumnNames)],
    /// The column that ties the rows of a product together.
    pub(super) handle: ColumnNames,
    /// The columns with the option values of a variant.
    pub(super) options: &'static [ColumnNames],
    /// Option values that say that there is none.
    pub(super) no_option: &'static [&'static str],
    /// Beginnings of the names of columns whose numbers make one field, such as stock by place.
    pub(super) sums: &'static [(ProductField, &'static str)],
    /// What follows the first of several categories.
    pub(super) category_end: Option<char>,
    /// Further columns that help to read the others.
    pub(super) helpers: &'static [ColumnNames],
    pub(super) rule: ShapeRule,
}

/// What is special about a row: which kind it is, and what it changes in the fields.
pub(super) type ShapeRule = for<'a> fn(&ShapeRow<'_, 'a>, &mut RowFields<'a>) -> RowKind;

/// The names of each field's column.
#[derive(Debug)]
pub(super) struct FieldNames {
    pub(super) name: ColumnNames,
    pub(super) description: ColumnNames,
    pub(super) price: ColumnNames,
    pub(super) quantity: ColumnNames,
    pub(super) category: ColumnNames,
    pub(super) sku: ColumnNames,
    pub(super) low_stock_threshold: ColumnNames,
}

/// What a row is.
#[derive(Debug)]
pub(super) enum RowKind {
    /// A product, or a variant when it has option values or no name.
    Item,
    /// A variant of the last product, with these option values.
    Variant(Vec<String>),
    /// A product whose variants follow; it is none of its own.
    Parent,
    Skipped(SkipReason),
}

/// A row as a rule sees it.
#[derive(Debug)]
pub(super) struct ShapeRow<'r, 'a> {
    pub(super) cells: &'r RowCells<'a>,
    /// Where the helpers' columns are, in their order.
    pub(super) helpers: &'r [Option<usize>],
    pub(super) parent: Option<&'r ShapeParent>,
}

impl<'a> ShapeRow<'_, 'a> {
    /// The cell of the helper with this place in the table, blank without a column.
    fn helper(&self, place: usize) -> &'a str {
        let column = self.helpers.get(place).copied().flatten();
        column.map_or("", |index| self.cells.text(index)).trim()
    }
}

/// What variants take over from the last product.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ShapeParent {
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) category: String,
    pub(super) price: String,
}

impl ShopShape {
    /// Nothing but names, which a table adds.
    const EMPTY: Self = Self {
        marks: &[],
        names: FieldNames {
            name: &[],
            description: &[],
            price: &[],
            quantity: &[],
            category: &[],
            sku: &[],
            low_stock_threshold: &["low_stock_threshold"],
        },
        fallbacks: &[],
        handle: &[],
        options: &[],
        no_option: &[],
        sums: &[],
        category_end: None,
        helpers: &[],
        rule: |_, _| RowKind::Item,
    };

    /// The names of a field's column.
    pub(super) const fn names(&self, field: ProductField) -> ColumnNames {
        match field {
            ProductField::Name => self.names.name,
            ProductField::Description => self.names.description,
            ProductField::Price => self.names.price,
            ProductField::Quantity => self.names.quantity,
            ProductField::Category => self.names.category,
            ProductField::Sku => self.names.sku,
            ProductField::LowStockThreshold => self.names.low_stock_threshold,
        }
    }

    /// All columns that are read beside those of the fields.
    pub(super) fn helper_columns(&self) -> impl Iterator<Item = ColumnNames> {
        let handle = (!self.handle.is_empty()).then_some(self.handle);
        let fallbacks = self.fallbacks.iter().map(|(_, names)| *names);
        let options = self.options.iter().copied();
        let helpers = self.helpers.iter().copied();
        handle
            .into_iter()
            .chain(fallbacks)
            .chain(options)
            .chain(helpers)
    }
}

/// The shape of a preset.
pub(super) const fn of(preset: ImportPreset) -> &'static ShopShape {
    match preset {
        ImportPreset::Generic => &generic::SHAPE,
        ImportPreset::Shopify => &shopify::SHAPE,
        ImportPreset::Woocommerce => &woocommerce::SHAPE,
        ImportPreset::Prestashop => &prestashop::SHAPE,
        ImportPreset::Medusa => &medusa::SHAPE,
        ImportPreset::Vendure => &vendure::SHAPE,
        ImportPreset::Wix => &wix::SHAPE,
        ImportPreset::Lightspeed => &lightspeed::SHAPE,
        ImportPreset::Square => &square::SHAPE,
        ImportPreset::Etsy => &etsy::SHAPE,
        ImportPreset::Ebay => &ebay::SHAPE,
        ImportPreset::Amazon => &amazon::SHAPE,
        ImportPreset::Squarespace => &squarespace::SHAPE,
        ImportPreset::Bigcommerce => &bigcommerce::SHAPE,
        ImportPreset::Odoo => &odoo::SHAPE,
        ImportPreset::Magento => &magento::SHAPE,
    }
}

/// The presets that are recognised by their marks, in the order in which they are tried.
pub(super) const RECOGNISED_PRESETS: [ImportPreset; 13] = [
    ImportPreset::Medusa,
    ImportPreset::Vendure,
    ImportPreset::Wix,
    ImportPreset::Lightspeed,
    ImportPreset::Square,
    ImportPreset::Squarespace,
    ImportPreset::Bigcommerce,
    ImportPreset::Magento,
    ImportPreset::Odoo,
    ImportPreset::Amazon,
    ImportPreset::Ebay,
    ImportPreset::Prestashop,
    ImportPreset::Etsy,
];
