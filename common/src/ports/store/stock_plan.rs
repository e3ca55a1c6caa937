//! What a batch of stock changes does: pure, the same for every engine. An adapter reads the
//! products that the batch names, asks here, and writes the next version of each in one go.

use std::collections::HashMap;

use super::change::{Decided, Next, Rules, restocked};
use crate::domain::{
    error::Result,
    product::{Product, ProductId, ProductRef, StockBatch, StockChange, StockOutcome},
};

/// The answer to a batch and what is to be written.
#[derive(Debug)]
pub(super) struct StockPlan {
    /// One for each change, in their order.
    pub outcomes: Vec<StockOutcome>,
    /// At most one for each product.
    pub nexts: Vec<Next>,
}

/// A product that the batch names.
#[derive(Debug)]
struct Stocked {
    before: Product,
    /// After the changes so far.
    quantity: i32,
    /// The last one that was given.
    reason: Option<String>,
}

/// A batch names its products by these.
#[derive(Debug, Default)]
pub(super) struct NamedProducts<'b> {
    pub ids: Vec<ProductId>,
    pub skus: Vec<&'b str>,
}

impl<'b> NamedProducts<'b> {
    pub(super) fn of(batch: &'b StockBatch) -> Self {
        let mut named = Self::default();
        for line in &batch.lines {
            match &line.product {
                ProductRef::Id(id) => named.ids.push(*id),
                ProductRef::Sku(sku) => named.skus.push(sku),
            }
        }
        named
    }
}

/// Plans a batch over the live products that it names. Several changes of one product are one
/// change of it, with one event; changes that add up to nothing have none.
pub(super) fn plan(rules: Rules, found: Vec<Product>, batch: &StockBatch) -> Result<StockPlan> {
    let ids_by_sku: HashMap<String, ProductId> = found
        .iter()
        .filter_map(|product| Some((product.sku.clone()?, product.id)))
        .collect();
    let mut stocked: HashMap<ProductId, Stocked> = found
        .into_iter()
        .map(|product| (product.id, Stocked::new(product)))
        .collect();
    let mut ids = Vec::with_capacity(batch.lines.len());
    let mut refusals = Vec::with_capacity(batch.lines.len());
    for line in &batch.lines {
        let id = match &line.product {
            ProductRef::Id(id) => Some(*id),
            ProductRef::Sku(sku) => ids_by_sku.get(sku).copied(),
        };
        let product = id.and_then(|id| stocked.get_mut(&id));
        refusals.push(product.map_or(Some(StockOutcome::Absent), |p| p.apply(&line.change)));
        ids.push(id);
    }
    let undone = batch.atomic && refusals.iter().any(Option::is_some);
    let mut nexts = Vec::new();
    let mut after = HashMap::with_capacity(stocked.len());
    for (id, product) in stocked {
        let decided = match undone {
            true => Decided::Stays(Some(product.before)),
            false => product.decide(rules)?,
        };
        match decided {
            Decided::Stays(product) => after.extend(product.map(|product| (id, product))),
            Decided::Becomes(next) => {
                after.insert(id, next.product.clone());
                nexts.push(next);
            }
        }
    }
    // A seller's events of one batch come in one order, whatever the map's.
    nexts.sort_unstable_by_key(|next| next.product.id);
    let done = |id: Option<ProductId>| {
        let product = id.and_then(|id| after.get(&id));
        product.map_or(StockOutcome::Absent, |p| StockOutcome::Done(p.clone()))
    };
    let outcomes = ids.into_iter().zip(refusals);
    Ok(StockPlan {
        outcomes: outcomes
            .map(|(id, refusal)| refusal.unwrap_or_else(|| done(id)))
            .collect(),
        nexts,
    })
}

impl Stocked {
    fn new(before: Product) -> Self {
        Self {
            quantity: before.quantity,
            before,
            reason: None,
        }
    }

    /// Adds a change, or answers why it cannot be done.
    fn apply(&mut self, change: &StockChange) -> Option<StockOutcome> {
        match change.applied_to(self.quantity) {
            Ok(quantity) => {
                self.quantity = quantity;
                self.reason = change.reason.clone().or(self.reason.take());
                None
            }
            Err(refusal) => Some(StockOutcome::Refused {
                id: self.before.id,
                refusal,
            }),
        }
    }

    fn decide(self, rules: Rules) -> Result<Decided> {
        let change = StockChange {
            delta: i64::from(self.quantity) - i64::from(self.before.quantity),
            reason: self.reason,
        };
        match change.delta {
            0 => Ok(Decided::Stays(Some(self.before))),
            _ => restocked(&self.before, &change, rules),
        }
    }
}
