//! Numbers that are passed over after a restore, and the count of products.

use std::sync::Arc;

use super::{Store, create, lamp, outbox_events, seller};
use crate::{
    domain::{money::Amount, product::NewProduct},
    ports::store::NumberFloor,
};

const FLOOR: NumberFloor = NumberFloor {
    sequence: 1 << 40,
    product_id: 5_000,
};

/// Red when: a seller that comes later begins at 1, or an id is given below the floor.
pub(super) async fn numbers_go_on_above_a_floor(store: Arc<dyn Store>) {
    let (a, b) = (seller("a"), seller("b"));
    let first = create(&store, &a, lamp()).await;
    assert_eq!(store.sequence_floor().await.unwrap(), 0);
    assert_eq!(store.restore_pending().await.unwrap(), None);
    store.restore_note(FLOOR).await.unwrap();
    store.restore_note(FLOOR).await.unwrap();
    assert_eq!(store.sequence_floor().await.unwrap(), FLOOR.sequence);
    assert_eq!(store.last_sequence(&a).await.unwrap(), FLOOR.sequence);
    assert_eq!(store.last_sequence(&b).await.unwrap(), 0);
    for seller in [&a, &b] {
        let made = create(&store, seller, lamp()).await;
        assert!(made.id > FLOOR.product_id, "{}", made.id);
    }
    store.product_delete(&a, first.id, None).await.unwrap();
    let events = outbox_events(&store).await;
    let sequences = |seller| {
        let own = events.iter().filter(|event| event.seller_id() == seller);
        own.map(|event| event.sequence).collect::<Vec<_>>()
    };
    assert_eq!(sequences(&a), [1, FLOOR.sequence + 1, FLOOR.sequence + 2]);
    assert_eq!(sequences(&b), [FLOOR.sequence + 1]);
    let pending = store.restore_pending().await.unwrap();
    assert_eq!(pending, Some(FLOOR.sequence));
    store.restore_done(FLOOR.sequence).await.unwrap();
    assert_eq!(store.restore_pending().await.unwrap(), None);
    let mut sellers = store.sellers().await.unwrap();
    sellers.sort();
    assert_eq!(sellers, [a, b]);
}

/// Red when: a deleted product counts, or a sum loses a cent.
pub(super) async fn products_are_counted_by_category(store: Arc<dyn Store>) {
    let a = seller("a");
    let empty = store.product_recount(&a).await.unwrap();
    assert_eq!((empty.sequence, empty.totals), Default::default());
    create(&store, &a, lamp()).await;
    for quantity in [7, i32::MAX] {
        let other = NewProduct {
            quantity,
            category: "Other".to_owned(),
            ..lamp()
        };
        create(&store, &a, other).await;
    }
    let gone = create(&store, &a, lamp()).await;
    store.product_delete(&a, gone.id, None).await.unwrap();
    create(&store, &seller("b"), lamp()).await;
    let counted = store.product_recount(&a).await.unwrap();
    let last = store.last_sequence(&a).await.unwrap();
    assert_eq!((counted.sequence, counted.sequence >= 5), (last, true));
    let totals = &counted.totals;
    let numbers = [
        totals.total_products,
        totals.active_products,
        totals.deleted_products,
        totals.low_stock_count,
    ];
    assert_eq!(numbers, [4, 3, 1, 1]);
    let units = i128::from(i32::MAX) + 7;
    assert_eq!(totals.total_value, Amount::from_cents(1999 * (units + 50)));
    let other = &counted.categories["Other"];
    assert_eq!(i128::from(other.total_quantity), units);
    assert_eq!(other.total_value, Amount::from_cents(1999 * units));
    assert_eq!(other.price_sum, Amount::from_cents(2 * 1999));
    assert_eq!(counted.categories.len(), 2);
}
