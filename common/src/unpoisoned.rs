//! Locks of the standard library that outlive a panic of their holder.

use std::sync::{LockResult, PoisonError};

/// What a lock protects, also after a holder panicked. No holder in this workspace can panic halfway
/// through a change: what it writes is computed before, or is written by one call. So the value is
/// whole, and one failed request must not end all later ones.
pub fn unpoisoned<T>(locked: LockResult<T>) -> T {
    locked.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Red when: a panic of one holder is passed on to the next.
    #[test]
    fn a_panic_leaves_the_value() {
        let number = Mutex::new(7);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = number.lock();
                panic!("the holder ends");
            });
            holder.join().is_err()
        });
        assert!(panicked && number.is_poisoned());
        assert_eq!(*unpoisoned(number.lock()), 7);
    }
}
