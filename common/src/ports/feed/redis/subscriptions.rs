//! Which channels this process wants to hear, and which of them it does. Listeners come and go
//! here; the subscriber makes it true on the connection.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use crate::domain::seller::SellerId;

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether there is a connection.
    up: bool,
    by_seller: HashMap<SellerId, Subscription>,
    /// Sellers that the subscriber has to look at.
    changed: Vec<SellerId>,
}

#[derive(Debug)]
struct Subscription {
    listeners: usize,
    confirmed: watch::Sender<bool>,
    /// Someone listens who may have missed something: is to hear `Lost` after the confirmation.
    unsure: bool,
}

/// What has to be done on the connection.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<SellerId>,
    pub(super) unsubscribe: Vec<SellerId>,
    /// Wanted again before the subscription was ended.
    pub(super) still: Vec<SellerId>,
}

impl Subscriptions {
    /// No holder of the lock can panic halfway through a change.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more listener. `Some`: its confirmation is worth waiting for.
    pub(super) fn add(&self, seller: &SellerId) -> Option<watch::Receiver<bool>> {
        let mut state = self.state();
        let up = state.up;
        let is_new = !state.by_seller.contains_key(seller);
        let subscription = state
            .by_seller
            .entry(seller.clone())
            .or_insert_with(|| Subscription {
                listeners: 0,
                confirmed: watch::Sender::new(false),
                unsure: false,
            });
        subscription.listeners += 1;
        let confirmed = subscription.confirmed.subscribe();
        subscription.unsure |= !up;
        if is_new {
            state.changed.push(seller.clone());
            self.changed.notify_one();
        }
        up.then_some(confirmed)
    }

    /// One listener less.
    pub(super) fn remove(&self, seller: &SellerId) {
        let mut state = self.state();
        let Some(subscription) = state.by_seller.get_mut(seller) else {
            return;
        };
        subscription.listeners -= 1;
        if subscription.listeners == 0 {
            state.by_seller.remove(seller);
            state.changed.push(seller.clone());
            self.changed.notify_one();
        }
    }

    /// A listener went on without the confirmation.
    pub(super) fn give_up(&self, seller: &SellerId) {
        if let Some(subscription) = self.state().by_seller.get_mut(seller) {
            subscription.unsure |= !*subscription.confirmed.borrow();
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state().up
    }

    /// A new connection: everything has to be subscribed on it.
    pub(super) fn connected(&self) {
        let mut state = self.state();
        state.up = true;
        state.changed = state.by_seller.keys().cloned().collect();
        self.changed.notify_one();
    }

    /// The connection is gone, and with it what came meanwhile.
    pub(super) fn disconnected(&self) {
        let mut state = self.state();
        state.up = false;
        for subscription in state.by_seller.values_mut() {
            subscription.confirmed.send_replace(false);
            subscription.unsure = true;
        }
    }

    /// Waits until there is something to do.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What to do, and `subscribed` as it is when it is done.
    pub(super) fn changes(&self, subscribed: &mut HashSet<SellerId>) -> Changes {
        let mut state = self.state();
        let changed = std::mem::take(&mut state.changed);
        let mut changes = Changes::default();
        for seller in changed {
            match (
                state.by_seller.contains_key(&seller),
                subscribed.contains(&seller),
            ) {
                (true, false) => {
                    subscribed.insert(seller.clone());
                    changes.subscribe.push(seller);
                }
                (true, true) => changes.still.push(seller),
                (false, true) => {
                    subscribed.remove(&seller);
                    changes.unsubscribe.push(seller);
                }
                (false, false) => {}
            }
        }
        changes
    }

    /// These are subscribed from now on. Answers those whose listeners may have missed something.
    pub(super) fn confirm<'a>(&self, sellers: &'a [SellerId]) -> Vec<&'a SellerId> {
        let mut state = self.state();
        let mut unsure = Vec::new();
        for seller in sellers {
            if let Some(subscription) = state.by_seller.get_mut(seller) {
                subscription.confirmed.send_replace(true);
                if std::mem::take(&mut subscription.unsure) {
                    unsure.push(seller);
                }
            }
        }
        unsure
    }
}
