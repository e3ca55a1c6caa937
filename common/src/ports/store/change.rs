//! What a change of one product does to it: pure, the same for every engine. An adapter finds the
//! product, asks here what becomes of it, and writes that down.

use crate::domain::{
    clock::{self, Timestamp},
    error::{Conflict, Result},
    event::{self, EventDraft},
    product::{Product, ProductPatch, StockChange},
};

/// What is configured and decides which events a change has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub low_stock_threshold: i32,
}

impl Rules {
    pub(super) fn context(self) -> event::EventContext<'static> {
        event::EventContext {
            default_threshold: self.low_stock_threshold,
            ..event::EventContext::default()
        }
    }
}

/// A product as it is stored, deleted or not, and when it was deleted.
pub(super) type Found = Option<(Product, Option<Timestamp>)>;

/// The product, unless it was deleted.
pub(super) fn live(found: Found) -> Option<Product> {
    match found {
        Some((product, None)) => Some(product),
        _ => None,
    }
}

/// Whether a product is for sale after a change, and what that adds to the seller's counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub deleted_at: Option<Timestamp>,
    pub live: i64,
    pub deleted: i64,
}

impl Standing {
    const STAYS: Self = Self {
        deleted_at: None,
        live: 0,
        deleted: 0,
    };
    pub(super) const ENTERS: Self = Self {
        live: 1,
        ..Self::STAYS
    };
    const RETURNS: Self = Self {
        deleted: -1,
        ..Self::ENTERS
    };

    const fn leaves(at: Timestamp) -> Self {
        Self {
            deleted_at: Some(at),
            live: -1,
            deleted: 1,
        }
    }
}

/// A change someone asks for. A version is the one the product must have.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Patch(ProductPatch, Option<i64>),
    Delete(Option<i64>),
    Restore,
    Stock(StockChange),
}

/// What becomes of the product.
#[derive(Debug)]
pub(super) enum Decided {
    /// Nothing; the answer.
    Stays(Option<Product>),
    /// Its next version, with events.
    Becomes(Next),
}

/// The next version of a product.
#[derive(Debug)]
pub(super) struct Next {
    pub product: Product,
    pub standing: Standing,
    pub drafts: Vec<EventDraft>,
}

impl Change {
    /// Decides; an error when the stored product does not allow the change.
    pub(super) fn decide(&self, rules: Rules, found: Found) -> Result<Decided> {
        if let (Self::Restore, Some((_, Some(_)))) = (self, &found) {
            return Ok(found.map_or(Decided::Stays(None), |(before, _)| restored(&before, rules)));
        }
        let Some(before) = live(found) else {
            return Ok(Decided::Stays(None));
        };
        match self {
            Self::Patch(patch, version) => {
                check_version(&before, *version)?;
                Ok(patched(before, patch, rules))
            }
            Self::Delete(version) => {
                check_version(&before, *version)?;
                Ok(deleted(&before, rules))
            }
            Self::Restore => Ok(Decided::Stays(Some(before))),
            Self::Stock(change) => restocked(&before, change, rules),
        }
    }
}

fn patched(before: Product, patch: &ProductPatch, rules: Rules) -> Decided {
    match before.patched(patch, now_for(&before)) {
        None => Decided::Stays(Some(before)),
        Some(product) => Decided::Becomes(Next {
            drafts: event::updated(&before, &product, rules.context()),
            product,
            standing: Standing::STAYS,
        }),
    }
}

fn deleted(before: &Product, rules: Rules) -> Decided {
    let at = now_for(before);
    let product = before.clone().touched(at);
    Decided::Becomes(Next {
        drafts: vec![event::deleted(&product, at, rules.context())],
        product,
        standing: Standing::leaves(at),
    })
}

fn restored(before: &Product, rules: Rules) -> Decided {
    let product = before.clone().touched(now_for(before));
    Decided::Becomes(Next {
        drafts: event::restored(&product, rules.context()),
        product,
        standing: Standing::RETURNS,
    })
}

pub(super) fn restocked(before: &Product, change: &StockChange, rules: Rules) -> Result<Decided> {
    let quantity = change.applied_to(before.quantity).map_err(Conflict::from)?;
    let next = Product {
        quantity,
        ..before.clone()
    };
    let product = next.touched(now_for(before));
    let context = event::EventContext {
        reason: change.reason.as_deref(),
        ..rules.context()
    };
    Ok(Decided::Becomes(Next {
        drafts: event::updated(before, &product, context),
        product,
        standing: Standing::STAYS,
    }))
}

fn check_version(product: &Product, if_version: Option<i64>) -> Result<(), Conflict> {
    match if_version {
        Some(version) if version != product.version => Err(Conflict::Version {
            current: product.version,
        }),
        _ => Ok(()),
    }
}

/// Now, unless the clock was set back since the product's last change.
fn now_for(product: &Product) -> Timestamp {
    clock::now().max(product.updated_at)
}
