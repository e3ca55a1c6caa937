//! The fold from events to totals: pure, additive and independent of the order of topics, so that
//! totals equal a recount of the products once every event is in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    clock::Timestamp,
    event::{Event, EventData, FieldChanges, ProductData},
    money::Amount,
};

/// Totals over all products of a seller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SellerTotals {
    /// Deleted ones too.
    pub total_products: i64,
    pub active_products: i64,
    pub deleted_products: i64,
    /// Price times quantity of the active ones.
    pub total_value: Amount,
    /// Active ones below their threshold.
    pub low_stock_count: i64,
}

/// Totals over the undeleted products of one category.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryTotals {
    pub category: String,
    pub active_products: i64,
    pub total_quantity: i64,
    pub total_value: Amount,
    /// The sum of the prices, for the mean.
    pub price_sum: Amount,
}

/// What happened on one UTC day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayTotals {
    /// `yyyy-mm-dd`.
    pub date: String,
    pub created: i64,
    pub updated: i64,
    pub deleted: i64,
    pub low_stock: i64,
    #[schema(value_type = f64)]
    pub value_change: Amount,
}

/// A seller's products, counted at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SellerRecount {
    /// The effects of events up to this one are in it, and no others.
    pub sequence: i64,
    pub totals: SellerTotals,
    pub categories: BTreeMap<String, CategoryTotals>,
}

impl SellerRecount {
    /// Before the seller's undeleted products.
    pub fn new(sequence: i64, deleted_products: i64) -> Self {
        let totals = SellerTotals {
            total_products: deleted_products,
            deleted_products,
            ..SellerTotals::default()
        };
        Self {
            sequence,
            totals,
            categories: BTreeMap::new(),
        }
    }

    /// Adds the undeleted products of a category, or some of them.
    pub fn add(&mut self, category: &CategoryTotals, low_stock: i64) {
        self.totals.total_products += category.active_products;
        self.totals.active_products += category.active_products;
        self.totals.total_value += category.total_value;
        self.totals.low_stock_count += low_stock;
        let sum = self
            .categories
            .entry(category.category.clone())
            .or_default();
        sum.category.clone_from(&category.category);
        *sum += category;
    }
}

/// What a run of events adds to a seller's totals; every field is a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFold {
    pub totals: SellerTotals,
    pub categories: BTreeMap<String, CategoryTotals>,
    pub days: BTreeMap<String, DayTotals>,
}

/// The part of a product that totals are made of.
struct CountedProduct<'a> {
    category: &'a str,
    price: crate::domain::money::Price,
    quantity: i32,
    threshold: i32,
}

impl CountedProduct<'_> {
    fn value(&self) -> Amount {
        self.price.times(self.quantity)
    }

    fn is_low(&self) -> bool {
        self.quantity < self.threshold
    }
}

impl EventFold {
    /// What these events add up to.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut fold = Self::default();
        for event in events {
            fold.add(event);
        }
        fold
    }

    fn add(&mut self, event: &Event) {
        let value_before = self.totals.total_value;
        match &event.data {
            EventData::ProductCreated(product) => {
                self.totals.total_products += i64::from(!product.restored);
                self.totals.deleted_products -= i64::from(product.restored);
                self.count(&after(product), 1);
                self.day(event).created += 1;
            }
            EventData::ProductUpdated(product) => {
                let none = FieldChanges::default();
                let changes = product.changes.as_ref().unwrap_or(&none);
                self.count(&before(product, changes), -1);
                self.count(&after(product), 1);
                self.day(event).updated += 1;
            }
            EventData::ProductDeleted(product) => {
                self.totals.deleted_products += 1;
                let gone = CountedProduct {
                    category: &product.category,
                    price: product.price,
                    quantity: product.quantity,
                    threshold: product.low_stock_threshold,
                };
                self.count(&gone, -1);
                self.day(event).deleted += 1;
            }
            EventData::LowStockWarning(_) => self.day(event).low_stock += 1,
            EventData::ImportCompleted(_) => return,
        }
        let change = self.totals.total_value - value_before;
        self.day(event).value_change += change;
    }

    fn day(&mut self, event: &Event) -> &mut DayTotals {
        let date = event.timestamp.day();
        let day = self.days.entry(date.clone()).or_default();
        day.date = date;
        day
    }

    /// Adds (`sign` 1) or takes away (-1) one active product.
    fn count(&mut self, product: &CountedProduct<'_>, sign: i64) {
        let signed = |amount: Amount| Amount::from_cents(amount.cents() * i128::from(sign));
        self.totals.active_products += sign;
        self.totals.total_value += signed(product.value());
        self.totals.low_stock_count += sign * i64::from(product.is_low());
        let category = self
            .categories
            .entry(product.category.to_owned())
            .or_default();
        category.category = product.category.to_owned();
        category.active_products += sign;
        category.total_quantity += sign * i64::from(product.quantity);
        category.total_value += signed(product.value());
        category.price_sum += signed(product.price.into());
    }
}

fn after(product: &ProductData) -> CountedProduct<'_> {
    CountedProduct {
        category: &product.category,
        price: product.price,
        quantity: product.quantity,
        threshold: product.low_stock_threshold,
    }
}

fn before<'a>(product: &'a ProductData, changes: &'a FieldChanges) -> CountedProduct<'a> {
    let now = after(product);
    CountedProduct {
        category: changes
            .category
            .as_ref()
            .map_or(now.category, |change| &change.old),
        price: changes
            .price
            .as_ref()
            .map_or(now.price, |change| change.old),
        quantity: changes
            .quantity
            .as_ref()
            .map_or(now.quantity, |change| change.old),
        threshold: changes
            .low_stock_threshold
            .as_ref()
            .map_or(now.threshold, |change| change.old),
    }
}

impl std::ops::AddAssign<&Self> for SellerTotals {
    fn add_assign(&mut self, other: &Self) {
        self.total_products += other.total_products;
        self.active_products += other.active_products;
        self.deleted_products += other.deleted_products;
        self.total_value += other.total_value;
        self.low_stock_count += other.low_stock_count;
    }
}

impl CategoryTotals {
    /// The mean price, rounded half-up to cents.
    pub const fn average_price(&self) -> Amount {
        self.price_sum.mean(self.active_products)
    }
}

impl std::ops::AddAssign<&Self> for CategoryTotals {
    fn add_assign(&mut self, other: &Self) {
        self.active_products += other.active_products;
        self.total_quantity += other.total_quantity;
        self.total_value += other.total_value;
        self.price_sum += other.price_sum;
    }
}

impl DayTotals {
    /// What a correction of the totals adds to its day: the value, which nothing else explains.
    pub fn correction(at: Timestamp, before: &SellerTotals, after: &SellerTotals) -> Option<Self> {
        let value_change = after.total_value - before.total_value;
        (value_change != Amount::ZERO).then(|| Self {
            date: at.day(),
            value_change,
            ..Self::default()
        })
    }
}

impl std::ops::AddAssign<&Self> for DayTotals {
    fn add_assign(&mut self, other: &Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.low_stock += other.low_stock;
        self.value_change += other.value_change;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::record::Topic;
    use crate::support::history::histories;

    /// The sum of several folds, without the categories that are empty by now.
    fn sum(folds: &[EventFold]) -> (SellerTotals, Vec<CategoryTotals>, Vec<DayTotals>) {
        let mut totals = SellerTotals::default();
        let mut categories: BTreeMap<String, CategoryTotals> = BTreeMap::new();
        let mut days: BTreeMap<String, DayTotals> = BTreeMap::new();
        for fold in folds {
            totals += &fold.totals;
            for (name, category) in &fold.categories {
                let sum = categories.entry(name.clone()).or_default();
                sum.category.clone_from(name);
                *sum += category;
            }
            for (date, day) in &fold.days {
                let sum = days.entry(date.clone()).or_default();
                sum.date.clone_from(date);
                *sum += day;
            }
        }
        let empty = |category: &CategoryTotals| {
            category.total_quantity == 0
                && category.total_value == Amount::ZERO
                && category.price_sum == Amount::ZERO
        };
        for category in categories.values() {
            assert_eq!(category.active_products == 0, empty(category));
        }
        categories.retain(|_, category| category.active_products != 0);
        let categories = categories.into_values().collect();
        (totals, categories, days.into_values().collect())
    }

    proptest! {
        /// Folded topic by topic in pieces of any size, the sum is what a recount says.
        #[test]
        fn any_interleaving_of_topics_equals_a_recount(
            history in histories(60),
            piece in 1..9_usize,
            rotation in 0..5_usize,
        ) {
            let mut topics = Topic::EVENTS;
            topics.rotate_left(rotation);
            let mut folds = Vec::new();
            for topic in topics {
                let events = history.of_topic(topic);
                folds.extend(events.chunks(piece).map(EventFold::of));
            }
            let (totals, categories, days) = sum(&folds);
            prop_assert_eq!((totals.clone(), categories), history.recount());
            let change: Vec<_> = days.iter().map(|day| day.value_change).collect();
            let whole = change.into_iter().fold(Amount::ZERO, |sum, change| sum + change);
            prop_assert_eq!(whole, totals.total_value);
            let counts: Vec<_> = days
                .into_iter()
                .map(|day| DayTotals { value_change: Amount::ZERO, ..day })
                .collect();
            prop_assert_eq!(counts, history.recount_days());
            prop_assert_eq!(sum(&[EventFold::of(&history.events)]).0, totals);
        }
    }

    #[test]
    fn means_are_rounded_half_up() {
        let mut category = CategoryTotals {
            active_products: 2,
            price_sum: Amount::from_cents(301),
            ..CategoryTotals::default()
        };
        assert_eq!(category.average_price(), Amount::from_cents(151));
        category.active_products = 0;
        assert_eq!(category.average_price(), Amount::ZERO);
    }
}
