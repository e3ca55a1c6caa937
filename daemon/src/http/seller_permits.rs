//! What one seller may hold at once of something that all share, so that no seller holds all of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pm_common::domain::seller::SellerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits for all sellers together, and for each of them. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct SellerPermits(Arc<PermitTable>);

#[derive(Debug)]
struct PermitTable {
    all: Arc<Semaphore>,
    per_seller: usize,
    /// Sellers that hold a permit or wait for one.
    sellers: Mutex<HashMap<SellerId, Arc<Semaphore>>>,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PermitRefusal {
    /// The seller has as many as one may have.
    Seller,
    /// All are taken.
    All,
}

/// A permit; given back when dropped, the seller's entry last.
#[derive(Debug)]
pub(super) struct SellerPermit {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _entry: SellerEntry,
}

/// A seller's place in the table; the last one takes the seller out of it.
#[derive(Debug)]
struct SellerEntry {
    table: Arc<PermitTable>,
    seller: SellerId,
}

impl SellerPermits {
    pub(super) fn new(all: usize, per_seller: usize) -> Self {
        Self(Arc::new(PermitTable {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            per_seller: per_seller.min(Semaphore::MAX_PERMITS),
            sellers: Mutex::default(),
        }))
    }

    /// How many a seller may hold.
    pub(super) fn per_seller(&self) -> usize {
        self.0.per_seller
    }

    /// A permit, if there is one now.
    pub(super) fn try_acquire(&self, seller: &SellerId) -> Result<SellerPermit, PermitRefusal> {
        let (entry, own) = self.enter(seller);
        let own = own.try_acquire_owned();
        let own = own.map_err(|_| PermitRefusal::Seller)?;
        let all = Arc::clone(&self.0.all).try_acquire_owned();
        Ok(SellerPermit {
            _all: all.map_err(|_| PermitRefusal::All)?,
            _own: own,
            _entry: entry,
        })
    }

    fn enter(&self, seller: &SellerId) -> (SellerEntry, Arc<Semaphore>) {
        let entry = SellerEntry {
            table: Arc::clone(&self.0),
            seller: seller.clone(),
        };
        let mut sellers = self.0.sellers();
        let own = sellers
            .entry(seller.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.0.per_seller)));
        (entry, Arc::clone(own))
    }
}

impl PermitTable {
    fn sellers(&self) -> MutexGuard<'_, HashMap<SellerId, Arc<Semaphore>>> {
        self.sellers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SellerEntry {
    fn drop(&mut self) {
        let mut sellers = self.table.sellers();
        let unused = |own: &Arc<Semaphore>| Arc::strong_count(own) == 1;
        if sellers.get(&self.seller).is_some_and(unused) {
            sellers.remove(&self.seller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seller(id: &str) -> SellerId {
        SellerId::parse(id).unwrap()
    }

    /// Red when: a seller's permits are not counted apart, or are not given back.
    #[test]
    fn a_seller_has_its_share_and_others_theirs() {
        let permits = SellerPermits::new(3, 2);
        let (a, b) = (seller("a"), seller("b"));
        let mut held = vec![permits.try_acquire(&a).unwrap()];
        held.push(permits.try_acquire(&a).unwrap());
        let refused = |seller| permits.try_acquire(seller).unwrap_err();
        assert_eq!(refused(&a), PermitRefusal::Seller);
        held.push(permits.try_acquire(&b).unwrap());
        assert_eq!(refused(&b), PermitRefusal::All);
        held.remove(0);
        held.push(permits.try_acquire(&a).unwrap());
    }

    /// Red when: sellers stay in the table; with invented names it would fill the memory.
    #[test]
    fn nothing_stays_of_a_seller_without_permits() {
        let permits = SellerPermits::new(3, 1);
        for number in 0..100 {
            let seller = seller(&format!("s{number}"));
            let held = permits.try_acquire(&seller).unwrap();
            assert!(permits.try_acquire(&seller).is_err());
            drop(held);
        }
        assert!(permits.0.sellers().is_empty());
    }
}
