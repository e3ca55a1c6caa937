//! The ledger's items: how sums are stored and read back. Money is a number with two decimals,
//! exact up to DynamoDB's 38 digits.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        record::Topic,
        seller::SellerId,
        stats::{CategoryTotals, DayTotals, SellerTotals},
    },
    engines::aws_clients::table::Item,
};

pub(super) const PARTITION_KEY: &str = "PK";
pub(super) const SORT_KEY: &str = "SK";
/// Epoch seconds from which on a day's item may be removed.
pub(super) const EXPIRY_ATTRIBUTE: &str = "TTL";
pub(super) const CATEGORY_PREFIX: &str = "CATEGORY#";
pub(super) const DAY_PREFIX: &str = "DAY#";
/// The highest applied sequence of each topic. It grows with every change of the seller's items, so
/// it also detects concurrent changes.
pub(super) const WATERMARKS_ATTRIBUTE: &str = "watermarks";
/// From the start of a day to thirty days after its end.
const DAY_RETENTION: std::time::Duration = std::time::Duration::from_secs(31 * 24 * 3600);

/// A seller's totals and watermarks, which share one item.
#[derive(Debug, Clone, Default)]
pub(super) struct TotalsItem {
    pub(super) totals: SellerTotals,
    pub(super) last_updated: Option<Timestamp>,
    pub(super) watermarks: BTreeMap<String, i64>,
}

/// Identifies one of a seller's items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LedgerKey {
    SellerTotals,
    Category(String),
    Day(String),
}

impl LedgerKey {
    pub(super) fn sort_key(&self) -> String {
        match self {
            Self::SellerTotals => "TOTALS".to_owned(),
            Self::Category(name) => format!("{CATEGORY_PREFIX}{name}"),
            Self::Day(date) => format!("{DAY_PREFIX}{date}"),
        }
    }

    pub(super) fn attributes(&self, seller: &SellerId) -> Item {
        Item::from([
            (PARTITION_KEY.to_owned(), partition(seller)),
            (SORT_KEY.to_owned(), AttributeValue::S(self.sort_key())),
        ])
    }
}

pub(super) fn partition(seller: &SellerId) -> AttributeValue {
    AttributeValue::S(format!("SELLER#{seller}"))
}

/// The seller that an item belongs to.
pub(super) fn read_seller(item: &Item) -> Result<SellerId> {
    let name = text(item, PARTITION_KEY)?.strip_prefix("SELLER#");
    let seller = name.and_then(|name| SellerId::parse(name).ok());
    seller.ok_or_else(|| corrupt(item, PARTITION_KEY))
}

impl TotalsItem {
    pub(super) fn watermark(&self, topic: Topic) -> i64 {
        self.watermarks.get(topic.as_str()).copied().unwrap_or(0)
    }

    /// The stored form of the watermarks.
    pub(super) fn stored_watermarks(&self) -> AttributeValue {
        let marks = self.watermarks.iter();
        AttributeValue::M(
            marks
                .map(|(topic, mark)| (topic.clone(), number(*mark)))
                .collect(),
        )
    }

    pub(super) fn write(&self, seller: &SellerId) -> Item {
        let mut item = LedgerKey::SellerTotals.attributes(seller);
        put(&mut item, "totalProducts", self.totals.total_products);
        put(&mut item, "activeProducts", self.totals.active_products);
        put(&mut item, "deletedProducts", self.totals.deleted_products);
        put(&mut item, "totalValue", self.totals.total_value);
        put(&mut item, "lowStockCount", self.totals.low_stock_count);
        if let Some(changed) = self.last_updated {
            let changed = AttributeValue::S(changed.to_string());
            item.insert("lastUpdated".to_owned(), changed);
        }
        item.insert(WATERMARKS_ATTRIBUTE.to_owned(), self.stored_watermarks());
        item
    }

    pub(super) fn read(item: &Item) -> Result<Self> {
        let changed = text(item, "lastUpdated")?;
        let changed = changed.parse().map_err(|_| corrupt(item, "lastUpdated"))?;
        let marks = item
            .get(WATERMARKS_ATTRIBUTE)
            .and_then(|marks| marks.as_m().ok());
        let marks = marks.ok_or_else(|| corrupt(item, WATERMARKS_ATTRIBUTE))?;
        let watermarks = marks
            .keys()
            .map(|topic| Ok((topic.clone(), get(marks, topic)?)));
        Ok(Self {
            totals: SellerTotals {
                total_products: get(item, "totalProducts")?,
                active_products: get(item, "activeProducts")?,
                deleted_products: get(item, "deletedProducts")?,
                total_value: get(item, "totalValue")?,
                low_stock_count: get(item, "lowStockCount")?,
            },
            last_updated: Some(changed),
            watermarks: watermarks.collect::<Result<_>>()?,
        })
    }
}

pub(super) fn write_category(seller: &SellerId, sum: &CategoryTotals) -> Item {
    let mut item = LedgerKey::Category(sum.category.clone()).attributes(seller);
    put(&mut item, "activeProducts", sum.active_products);
    put(&mut item, "totalQuantity", sum.total_quantity);
    put(&mut item, "totalValue", sum.total_value);
    put(&mut item, "averagePrice", sum.average_price());
    put(&mut item, "priceSum", sum.price_sum);
    item
}

pub(super) fn read_category(item: &Item) -> Result<CategoryTotals> {
    Ok(CategoryTotals {
        category: name(item, CATEGORY_PREFIX)?,
        active_products: get(item, "activeProducts")?,
        total_quantity: get(item, "totalQuantity")?,
        total_value: get(item, "totalValue")?,
        price_sum: get(item, "priceSum")?,
    })
}

pub(super) fn write_day(seller: &SellerId, sum: &DayTotals) -> Result<Item> {
    let mut item = LedgerKey::Day(sum.date.clone()).attributes(seller);
    let start = format!("{}T00:00:00Z", sum.date).parse::<Timestamp>();
    let start = start.map_err(|_| corrupt(&item, SORT_KEY))?;
    put(&mut item, "created", sum.created);
    put(&mut item, "updated", sum.updated);
    put(&mut item, "deleted", sum.deleted);
    put(&mut item, "lowStock", sum.low_stock);
    put(&mut item, "valueChange", sum.value_change);
    let expires = start.plus(DAY_RETENTION).millis().div_euclid(1000);
    put(&mut item, EXPIRY_ATTRIBUTE, expires);
    Ok(item)
}

pub(super) fn read_day(item: &Item) -> Result<DayTotals> {
    Ok(DayTotals {
        date: name(item, DAY_PREFIX)?,
        created: get(item, "created")?,
        updated: get(item, "updated")?,
        deleted: get(item, "deleted")?,
        low_stock: get(item, "lowStock")?,
        value_change: get(item, "valueChange")?,
    })
}

fn number(number: impl Display + Copy) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn put(item: &mut Item, name: &str, value: impl Display + Copy) {
    item.insert(name.to_owned(), number(value));
}

/// A required number.
fn get<T: FromStr>(item: &Item, name: &str) -> Result<T> {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    let read = digits.and_then(|digits| digits.parse().ok());
    read.ok_or_else(|| corrupt(item, name))
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    let text = item.get(name).and_then(|value| value.as_s().ok());
    text.map(String::as_str).ok_or_else(|| corrupt(item, name))
}

/// The sort key without its prefix.
fn name(item: &Item, prefix: &str) -> Result<String> {
    let name = text(item, SORT_KEY)?.strip_prefix(prefix);
    name.map(str::to_owned)
        .ok_or_else(|| corrupt(item, SORT_KEY))
}

fn corrupt(item: &Item, attribute: &str) -> Error {
    let key = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let (seller, sort) = (key(PARTITION_KEY), key(SORT_KEY));
    Error::Corrupt(format!(
        "the item {seller:?} {sort:?} has no valid {attribute}"
    ))
}
