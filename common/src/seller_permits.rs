//! What one seller may hold at once of something that all share, so that no seller holds all of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::seller::SellerId;
use crate::unpoisoned::unpoisoned;

/// Permits for all sellers together, and for each of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SellerPermits(Arc<PermitTable>);

#[derive(Debug)]
struct PermitTable {
    all: Arc<Semaphore>,
    per_seller: usize,
    /// Sellers that hold a permit or wait for one.
    sellers: Mutex<HashMap<SellerId, Arc<Semaphore>>>,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermitRefusal {
    /// The seller has as many as one may have.
    Seller,
    /// All are taken.
    All,
}

/// A permit; given back when dropped, the seller's entry last.
#[derive(Debug)]
pub struct SellerPermit {
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
    pub fn new(all: usize, per_seller: usize) -> Self {
        Self(Arc::new(PermitTable {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            per_seller: per_seller.min(Semaphore::MAX_PERMITS),
            sellers: Mutex::default(),
        }))
    }

    /// How many a seller may hold.
    pub fn per_seller(&self) -> usize {
        self.0.per_seller
    }

    /// A permit, if there is one now.
    pub fn try_acquire(&self, seller: &SellerId) -> Result<SellerPermit, PermitRefusal> {
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

    /// A permit, as soon as there is one. Callers of a seller wait for each other first, so that none
    /// of their number keeps another seller waiting.
    pub async fn acquire(&self, seller: &SellerId) -> SellerPermit {
        let (entry, own) = self.enter(seller);
        let own = acquire(own).await;
        let all = acquire(Arc::clone(&self.0.all)).await;
        SellerPermit {
            _all: all,
            _own: own,
            _entry: entry,
        }
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

/// Nothing closes these semaphores; a closed one would never give a permit.
async fn acquire(semaphore: Arc<Semaphore>) -> OwnedSemaphorePermit {
    match semaphore.acquire_owned().await {
        Ok(permit) => permit,
        Err(_) => std::future::pending().await,
    }
}

impl PermitTable {
    fn sellers(&self) -> MutexGuard<'_, HashMap<SellerId, Arc<Semaphore>>> {
        unpoisoned(self.sellers.lock())
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
    use futures_util::FutureExt;

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

    /// Red when: a seller's callers wait for the permits of all at once.
    #[tokio::test]
    async fn a_seller_that_waits_leaves_others_alone() {
        let permits = SellerPermits::new(2, 1);
        let (a, b) = (seller("a"), seller("b"));
        let first = permits.acquire(&a).await;
        let mut waiting: Vec<_> = (0..9).map(|_| Box::pin(permits.acquire(&a))).collect();
        for permit in &mut waiting {
            assert!(permit.now_or_never().is_none());
        }
        let others = permits.acquire(&b).now_or_never();
        assert!(others.is_some(), "b waits for a");
        drop(first);
        assert!((&mut waiting[0]).now_or_never().is_some());
        drop((waiting, others));
        assert!(permits.0.sellers().is_empty());
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
