//! Random histories of a seller's products: the steps, the events they cause, and totals computed
//! from the remaining products without looking at an event.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::domain::{
    clock::Timestamp,
    event::{self, Event, EventContext, EventDraft, EventKind},
    money::{Amount, Price},
    product::{NewProduct, Product, ProductId, ProductPatch},
    record::Topic,
    seller::SellerId,
    stats::{CategoryTotals, DayTotals, SellerTotals},
};
use crate::support::samples::new_lamp;

const EVENT_CONTEXT: EventContext<'static> = EventContext {
    default_threshold: 10,
    import_id: None,
    reason: None,
};

/// A seller's action. A step that is impossible in the current state does nothing.
#[derive(Debug, Clone)]
pub(crate) enum HistoryStep {
    Create(NewProduct),
    Update(usize, ProductPatch),
    Delete(usize),
    Restore(usize),
}

/// A seller's products and all events so far.
#[derive(Debug)]
pub(crate) struct EventHistory {
    pub(crate) seller: SellerId,
    pub(crate) events: Vec<Event>,
    products: Vec<Product>,
    deleted: BTreeSet<ProductId>,
    now: Timestamp,
}

/// Histories of up to `steps` steps.
pub(crate) fn histories(steps: usize) -> impl Strategy<Value = EventHistory> {
    let step = (step(), 0..40_000_000_i64);
    prop::collection::vec(step, 1..=steps).prop_map(|steps| {
        let mut history = EventHistory::new();
        for (step, wait) in steps {
            history.now = Timestamp::from_millis(history.now.millis() + wait);
            history.apply(step);
        }
        history
    })
}

fn step() -> impl Strategy<Value = HistoryStep> {
    let which = 0..6_usize;
    prop_oneof![
        2 => new_product().prop_map(HistoryStep::Create),
        5 => (which.clone(), patch()).prop_map(|(which, patch)| HistoryStep::Update(which, patch)),
        2 => which.clone().prop_map(HistoryStep::Delete),
        1 => which.prop_map(HistoryStep::Restore),
    ]
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![1..2000_i64, Just(Price::MAX_CENTS)]
        .prop_map(|cents| Price::from_cents(cents).unwrap())
}

fn quantity() -> impl Strategy<Value = i32> {
    prop_oneof![8 => 0..25_i32, 1 => Just(i32::MAX)]
}

fn category() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["Toys", "Books", "Käse"]).prop_map(str::to_owned)
}

fn threshold() -> impl Strategy<Value = Option<i32>> {
    prop::option::of(0..25_i32)
}

prop_compose! {
    fn new_product()(
        price in price(), quantity in quantity(), category in category(), threshold in threshold(),
    ) -> NewProduct {
        NewProduct {
            price,
            quantity,
            category,
            low_stock_threshold: threshold,
            ..new_lamp()
        }
    }
}

prop_compose! {
    fn patch()(
        price in prop::option::of(price()),
        quantity in prop::option::of(quantity()),
        category in prop::option::of(category()),
        low_stock_threshold in prop::option::of(threshold()),
    ) -> ProductPatch {
        ProductPatch { price, quantity, category, low_stock_threshold, ..ProductPatch::default() }
    }
}

impl EventHistory {
    fn new() -> Self {
        Self {
            seller: SellerId::parse("seller-1").unwrap(),
            events: Vec::new(),
            products: Vec::new(),
            deleted: BTreeSet::new(),
            // Shortly before midnight, so that most histories span two days.
            now: Timestamp::from_millis(1_769_900_000_000),
        }
    }

    fn apply(&mut self, step: HistoryStep) {
        match step {
            HistoryStep::Create(new) => {
                let id = ProductId::try_from(self.products.len()).unwrap() + 1;
                let product = new.into_product(id, self.seller.clone(), self.now);
                self.record(event::created(&product, EVENT_CONTEXT));
                self.products.push(product);
            }
            HistoryStep::Update(which, patch) => self.update(which, &patch),
            HistoryStep::Delete(which) => self.set_deleted(which, true),
            HistoryStep::Restore(which) => self.set_deleted(which, false),
        }
    }

    fn update(&mut self, which: usize, patch: &ProductPatch) {
        let Some(before) = self.products.get(which) else {
            return;
        };
        if self.deleted.contains(&before.id) {
            return;
        }
        if let Some(after) = before.patched(patch, self.now) {
            let drafts = event::updated(before, &after, EVENT_CONTEXT);
            self.products[which] = after;
            self.record(drafts);
        }
    }

    fn set_deleted(&mut self, which: usize, delete: bool) {
        let Some(product) = self.products.get(which).cloned() else {
            return;
        };
        if self.deleted.contains(&product.id) == delete {
            return;
        }
        let product = product.touched(self.now);
        let drafts = if delete {
            self.deleted.insert(product.id);
            vec![event::deleted(&product, self.now, EVENT_CONTEXT)]
        } else {
            self.deleted.remove(&product.id);
            event::restored(&product, EVENT_CONTEXT)
        };
        self.products[which] = product;
        self.record(drafts);
    }

    fn record(&mut self, drafts: Vec<EventDraft>) {
        for draft in drafts {
            let sequence = i64::try_from(self.events.len()).unwrap() + 1;
            self.events.push(draft.seal(sequence, self.now));
        }
    }

    /// The events of one topic, in order.
    pub(crate) fn of_topic(&self, topic: Topic) -> Vec<Event> {
        let of_topic = |event: &&Event| Topic::of(event.kind()) == topic;
        self.events.iter().filter(of_topic).cloned().collect()
    }

    /// Totals computed from the products themselves.
    pub(crate) fn recount(&self) -> (SellerTotals, Vec<CategoryTotals>) {
        let count = |number: usize| i64::try_from(number).unwrap();
        let mut totals = SellerTotals {
            total_products: count(self.products.len()),
            deleted_products: count(self.deleted.len()),
            ..SellerTotals::default()
        };
        let mut categories: BTreeMap<&str, CategoryTotals> = BTreeMap::new();
        for product in &self.products {
            if self.deleted.contains(&product.id) {
                continue;
            }
            let cents = i128::from(product.price.cents());
            let value = Amount::from_cents(cents * i128::from(product.quantity));
            totals.active_products += 1;
            totals.total_value += value;
            totals.low_stock_count += i64::from(product.is_low(EVENT_CONTEXT.default_threshold));
            let category = categories.entry(&product.category).or_default();
            category.category.clone_from(&product.category);
            category.active_products += 1;
            category.total_quantity += i64::from(product.quantity);
            category.total_value += value;
            category.price_sum += Amount::from_cents(cents);
        }
        (totals, categories.into_values().collect())
    }

    /// Counts of events per day, without the change in value.
    pub(crate) fn recount_days(&self) -> Vec<DayTotals> {
        let mut days: BTreeMap<String, DayTotals> = BTreeMap::new();
        for event in &self.events {
            let date = event.timestamp.day();
            let day = days.entry(date.clone()).or_default();
            day.date = date;
            match event.kind() {
                EventKind::ProductCreated => day.created += 1,
                EventKind::ProductUpdated => day.updated += 1,
                EventKind::ProductDeleted => day.deleted += 1,
                EventKind::LowStockWarning => day.low_stock += 1,
                EventKind::ImportCompleted => {}
            }
        }
        days.into_values().collect()
    }
}
