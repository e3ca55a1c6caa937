//! Which sellers have listeners in this process, and which of their channels are subscribed.
//! Listeners register here; the subscriber applies the changes to its connection.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard},
};

use tokio::sync::{Notify, watch};

use crate::domain::seller::SellerId;
use crate::unpoisoned::unpoisoned;

#[derive(Debug, Default)]
pub(super) struct SubscriptionRegistry {
    state: Mutex<RegistryState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct RegistryState {
    /// Whether the subscriber has a connection.
    is_connected: bool,
    by_seller: HashMap<SellerId, SellerSubscription>,
    /// Sellers that the subscriber has not processed yet.
    changed: Vec<SellerId>,
}

#[derive(Debug)]
struct SellerSubscription {
    listeners: usize,
    confirmed: watch::Sender<bool>,
    /// Some listener may have missed a notification: send `Lagged` after the confirmation.
    may_have_missed: bool,
}

/// What the subscriber has to do on its connection.
#[derive(Debug, Default)]
pub(super) struct SubscriptionChanges {
    pub(super) subscribe: Vec<SellerId>,
    pub(super) unsubscribe: Vec<SellerId>,
    /// Lost their last listener and got a new one before they were unsubscribed.
    pub(super) resubscribed: Vec<SellerId>,
}

impl SubscriptionRegistry {
    fn state(&self) -> MutexGuard<'_, RegistryState> {
        unpoisoned(self.state.lock())
    }

    /// Adds a listener. `Some`: a confirmation is expected soon.
    pub(super) fn add(&self, seller: &SellerId) -> Option<watch::Receiver<bool>> {
        let mut state = self.state();
        let is_connected = state.is_connected;
        let is_new = !state.by_seller.contains_key(seller);
        let subscription =
            state
                .by_seller
                .entry(seller.clone())
                .or_insert_with(|| SellerSubscription {
                    listeners: 0,
                    confirmed: watch::Sender::new(false),
                    may_have_missed: false,
                });
        subscription.listeners += 1;
        let confirmed = subscription.confirmed.subscribe();
        subscription.may_have_missed |= !is_connected;
        if is_new {
            state.changed.push(seller.clone());
            self.changed.notify_one();
        }
        is_connected.then_some(confirmed)
    }

    /// Removes a listener.
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

    /// A listener did not wait any longer for its confirmation.
    pub(super) fn confirmation_timed_out(&self, seller: &SellerId) {
        if let Some(subscription) = self.state().by_seller.get_mut(seller) {
            subscription.may_have_missed |= !*subscription.confirmed.borrow();
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.state().is_connected
    }

    /// A new connection: every channel has to be subscribed on it.
    pub(super) fn connected(&self) {
        let mut state = self.state();
        state.is_connected = true;
        state.changed = state.by_seller.keys().cloned().collect();
        self.changed.notify_one();
    }

    /// The connection is lost, and with it what is published until the next one.
    pub(super) fn disconnected(&self) {
        let mut state = self.state();
        state.is_connected = false;
        for subscription in state.by_seller.values_mut() {
            subscription.confirmed.send_replace(false);
            subscription.may_have_missed = true;
        }
    }

    /// Waits for a change of the registered listeners.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The pending changes; `subscribed` becomes what it is after them.
    pub(super) fn changes(&self, subscribed: &mut HashSet<SellerId>) -> SubscriptionChanges {
        let mut state = self.state();
        let changed = std::mem::take(&mut state.changed);
        let mut changes = SubscriptionChanges::default();
        for seller in changed {
            match (
                state.by_seller.contains_key(&seller),
                subscribed.contains(&seller),
            ) {
                (true, false) => {
                    subscribed.insert(seller.clone());
                    changes.subscribe.push(seller);
                }
                (true, true) => changes.resubscribed.push(seller),
                (false, true) => {
                    subscribed.remove(&seller);
                    changes.unsubscribe.push(seller);
                }
                (false, false) => {}
            }
        }
        changes
    }

    /// These are subscribed now. Returns those whose listeners may have missed notifications.
    pub(super) fn confirm<'a>(&self, sellers: &'a [SellerId]) -> Vec<&'a SellerId> {
        let mut state = self.state();
        let mut may_have_missed = Vec::new();
        for seller in sellers {
            if let Some(subscription) = state.by_seller.get_mut(seller) {
                subscription.confirmed.send_replace(true);
                if std::mem::take(&mut subscription.may_have_missed) {
                    may_have_missed.push(seller);
                }
            }
        }
        may_have_missed
    }
}
