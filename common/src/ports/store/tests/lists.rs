//! Lists, scans and their counts.

use std::sync::Arc;

use super::{Store, create, lamp, seller};
use crate::domain::{
    error::Error,
    money::{Amount, Price},
    product::{Attributes, NewProduct, Product, ProductPatch},
    query::{ListCursor, PageStart, ProductFilter, ProductQuery, SortBy, SortOrder},
    seller::SellerId,
};

const SORTS: [SortBy; 5] = [
    SortBy::CreatedAt,
    SortBy::Name,
    SortBy::Price,
    SortBy::Quantity,
    SortBy::UpdatedAt,
];

type Passes = fn(&Product) -> bool;

fn query(filter: ProductFilter) -> ProductQuery {
    ProductQuery {
        filter,
        sort_by: SortBy::CreatedAt,
        sort_order: SortOrder::Asc,
        start: PageStart::Offset(0),
        limit: 100,
        count: true,
    }
}

/// 23 products with many equal sort keys, and some that no list may show.
async fn fill(store: &Arc<dyn Store>, a: &SellerId) {
    for i in 0..23 {
        let product = NewProduct {
            name: format!("Product {}", i % 5),
            price: Price::from_cents(100 + i64::from(i % 4)).unwrap(),
            quantity: i % 3,
            category: format!("C{}", i % 2),
            sku: (i % 2 == 0).then(|| format!("S-{i}")),
            ..lamp()
        };
        create(store, a, product).await;
    }
    let gone = create(store, a, lamp()).await;
    store.product_delete(a, gone.id, None).await.unwrap();
    create(store, &seller("other"), lamp()).await;
}

fn key(product: &Product, sort_by: SortBy) -> (i64, &str) {
    match sort_by {
        SortBy::CreatedAt => (product.created_at.millis(), ""),
        SortBy::UpdatedAt => (product.updated_at.millis(), ""),
        SortBy::Price => (product.price.cents(), ""),
        SortBy::Quantity => (product.quantity.into(), ""),
        SortBy::Name => (0, &product.name),
    }
}

fn cursor_after(product: &Product, sort_by: SortBy, sort_order: SortOrder) -> ListCursor {
    let key = match key(product, sort_by) {
        (0, name) if sort_by == SortBy::Name => name.to_owned(),
        (number, _) => number.to_string(),
    };
    ListCursor {
        sort_by,
        sort_order,
        key,
        id: product.id,
    }
}

pub(super) async fn every_order_pages_the_same_by_offset_and_cursor(store: Arc<dyn Store>) {
    let a = seller("a");
    fill(&store, &a).await;
    for sort_by in SORTS {
        for sort_order in [SortOrder::Asc, SortOrder::Desc] {
            let all = ProductQuery {
                sort_by,
                sort_order,
                ..query(ProductFilter::default())
            };
            let listed = store.product_list(&a, &all).await.unwrap();
            assert_eq!((listed.total, listed.more), (Some(23), false));
            let mut expected = listed.items.clone();
            expected.sort_by(|x, y| (key(x, sort_by), x.id).cmp(&(key(y, sort_by), y.id)));
            if sort_order == SortOrder::Desc {
                expected.reverse();
            }
            assert_eq!(listed.items, expected, "{sort_by:?} {sort_order:?}");
            let by_offset = pages(
                &store,
                &a,
                &all,
                |seen| PageStart::Offset(seen.len() as u64),
            );
            assert_eq!(by_offset.await, expected);
            let by_cursor = pages(&store, &a, &all, |seen| match seen.last() {
                None => PageStart::Offset(0),
                Some(last) => PageStart::After(cursor_after(last, sort_by, sort_order)),
            });
            assert_eq!(by_cursor.await, expected, "{sort_by:?} {sort_order:?}");
        }
    }
    let past = ProductQuery {
        start: PageStart::Offset(u64::MAX),
        ..query(ProductFilter::default())
    };
    let past = store.product_list(&a, &past).await.unwrap();
    assert_eq!(
        (past.items.len(), past.total, past.more),
        (0, Some(23), false)
    );
}

/// All pages of 4, until no more follow.
async fn pages(
    store: &Arc<dyn Store>,
    a: &SellerId,
    query: &ProductQuery,
    start: impl Fn(&[Product]) -> PageStart,
) -> Vec<Product> {
    let mut seen: Vec<Product> = Vec::new();
    loop {
        let query = ProductQuery {
            start: start(&seen),
            limit: 4,
            count: false,
            ..query.clone()
        };
        let page = store.product_list(a, &query).await.unwrap();
        assert_eq!(page.total, None);
        assert!(page.items.len() == 4 || !page.more);
        seen.extend(page.items);
        if !page.more {
            return seen;
        }
    }
}

pub(super) async fn filters_hold_together(store: Arc<dyn Store>) {
    let a = seller("a");
    fill(&store, &a).await;
    let cents = |cents| Some(Amount::from_cents(cents));
    let none = ProductFilter::default;
    #[rustfmt::skip]
    let cases: [(ProductFilter, Passes); 9] = [
        (ProductFilter { category: Some("C1".into()), ..none() }, |p| p.category == "C1"),
        (ProductFilter { sku: Some("S-4".into()), ..none() }, |p| p.sku.as_deref() == Some("S-4")),
        (ProductFilter { text: Some("PRODUCT 3".into()), ..none() }, |p| p.name == "Product 3"),
        (ProductFilter { min_quantity: Some(1), max_quantity: Some(1), ..none() }, |p| p.quantity == 1),
        (ProductFilter { min_price: cents(102), ..none() }, |p| p.price.cents() >= 102),
        (ProductFilter { max_price: cents(i128::MAX), ..none() }, |_| true),
        (ProductFilter { min_price: cents(i128::MAX), ..none() }, |_| false),
        (ProductFilter { min_price: cents(i128::MIN), max_price: cents(101), ..none() }, |p| p.price.cents() <= 101),
        (ProductFilter { category: Some("C0".into()), max_quantity: Some(0), text: Some("s-".into()), ..none() },
            |p| p.category == "C0" && p.quantity == 0),
    ];
    let all = store.product_list(&a, &query(none())).await.unwrap();
    for (filter, passes) in cases {
        let page = store
            .product_list(&a, &query(filter.clone()))
            .await
            .unwrap();
        let expected: Vec<_> = all.items.iter().filter(|p| passes(p)).cloned().collect();
        assert_eq!(page.items, expected, "{filter:?}");
        assert_eq!(page.total, Some(expected.len() as u64), "{filter:?}");
        let scan = store.product_scan(&a, &filter, 0, 100).await.unwrap();
        assert_eq!(scan, expected, "{filter:?}");
    }
}

pub(super) async fn text_is_found_literally(store: Arc<dyn Store>) {
    let a = seller("a");
    for (name, description) in [
        ("100% wool", None),
        ("a_b", Some("back\\slash")),
        ("ÄRMEL", None),
    ] {
        let product = NewProduct {
            name: name.to_owned(),
            description: description.map(str::to_owned),
            ..lamp()
        };
        create(&store, &a, product).await;
    }
    for (text, names) in [
        ("0%", vec!["100% wool"]),
        ("%", vec!["100% wool"]),
        ("_", vec!["a_b"]),
        ("A_B", vec!["a_b"]),
        ("\\S", vec!["a_b"]),
        ("Ärm", vec!["ÄRMEL"]),
        ("'", vec![]),
    ] {
        let filter = ProductFilter {
            text: Some(text.to_owned()),
            ..ProductFilter::default()
        };
        let page = store.product_list(&a, &query(filter)).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(found, names, "{text}");
    }
}

pub(super) async fn counts_follow_changes(store: Arc<dyn Store>) {
    let a = seller("a");
    let count = || async {
        let query = query(ProductFilter::default());
        store.product_list(&a, &query).await.unwrap().total
    };
    assert_eq!(count().await, Some(0));
    let id = create(&store, &a, lamp()).await.id;
    create(&store, &a, lamp()).await;
    assert_eq!(count().await, Some(2));
    let patch = ProductPatch {
        quantity: Some(1),
        ..ProductPatch::default()
    };
    store.product_update(&a, id, patch, None).await.unwrap();
    assert_eq!(count().await, Some(2));
    store.product_delete(&a, id, None).await.unwrap();
    store.product_delete(&a, id, None).await.unwrap();
    assert_eq!(count().await, Some(1));
    store.product_restore(&a, id, None).await.unwrap();
    store.product_restore(&a, id, None).await.unwrap();
    assert_eq!(count().await, Some(2));
}

pub(super) async fn foreign_cursors_are_refused(store: Arc<dyn Store>) {
    let a = seller("a");
    let cursor = |sort_by, key: &str| ProductQuery {
        start: PageStart::After(ListCursor {
            sort_by,
            sort_order: SortOrder::Asc,
            key: key.to_owned(),
            id: 1,
        }),
        ..query(ProductFilter::default())
    };
    for query in [
        cursor(SortBy::Name, "x"),
        cursor(SortBy::CreatedAt, "1; DROP TABLE products"),
    ] {
        let answer = store.product_list(&a, &query).await;
        assert!(matches!(answer, Err(Error::Invalid(errors)) if errors[0].field == "cursor"));
    }
}

pub(super) async fn scans_go_by_id(store: Arc<dyn Store>) {
    let a = seller("a");
    fill(&store, &a).await;
    let filter = ProductFilter::default();
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let step = store.product_scan(&a, &filter, after, 5).await.unwrap();
        let Some(last) = step.last() else { break };
        after = last.id;
        seen.extend(step);
    }
    let all = store.product_list(&a, &query(filter)).await.unwrap();
    assert_eq!(seen, all.items);
}

/// Red when: a step is as many rows as asked for, however long they are.
pub(super) async fn scans_are_bounded_in_bytes(store: Arc<dyn Store>) {
    let a = seller("a");
    for number in 0..200 {
        let long = Attributes::from([("note".to_owned(), format!("{number:016000}"))]);
        let product = NewProduct {
            attributes: Some(long),
            ..lamp()
        };
        create(&store, &a, product).await;
    }
    let filter = ProductFilter::default();
    let (mut after, mut seen) = (0, 0);
    loop {
        let step = store.product_scan(&a, &filter, after, 500).await.unwrap();
        let attributes = store.product_scan_attributes(&a, &filter, after, 500).await;
        let ids: Vec<_> = attributes.unwrap().iter().map(|(id, _)| *id).collect();
        let same: Vec<_> = step.iter().map(|product| product.id).collect();
        assert!(same.len() <= 70, "{} long rows in a step", same.len());
        assert!(ids.len().abs_diff(same.len()) <= 1, "{ids:?} {same:?}");
        let Some(last) = same.last() else { break };
        after = *last;
        seen += same.len();
    }
    assert_eq!(seen, 200);
}

pub(super) async fn attributes_are_scanned_where_there_are_any(store: Arc<dyn Store>) {
    let a = seller("a");
    let mut stored = Vec::new();
    for (category, names) in [
        ("x", vec!["Size", "Colour"]),
        ("x", vec!["Size", "ä\".b"]),
        ("y", vec!["Z"]),
    ] {
        let attributes: Attributes = names
            .into_iter()
            .map(|name| (name.to_owned(), "1".to_owned()))
            .collect();
        let product = NewProduct {
            category: category.to_owned(),
            attributes: Some(attributes.clone()),
            ..lamp()
        };
        let product = create(&store, &a, product).await;
        create(&store, &a, lamp()).await;
        stored.push((product.id, attributes));
    }
    let scan = |filter, after, limit| {
        let (store, a) = (store.clone(), a.clone());
        async move {
            let scanned = store.product_scan_attributes(&a, &filter, after, limit);
            scanned.await.unwrap()
        }
    };
    let all = ProductFilter::default();
    assert_eq!(scan(all.clone(), 0, 9).await, stored);
    assert_eq!(scan(all, stored[0].0, 1).await, stored[1..2]);
    let some = ProductFilter {
        category: Some("y".to_owned()),
        ..ProductFilter::default()
    };
    assert_eq!(scan(some, 0, 9).await, stored[2..]);
}

pub(super) async fn low_stock_comes_scarcest_first(store: Arc<dyn Store>) {
    let a = seller("a");
    for (quantity, threshold) in [
        (9, None),
        (10, None),
        (3, Some(3)),
        (3, Some(4)),
        (500, Some(501)),
        (0, None),
    ] {
        let product = NewProduct {
            quantity,
            low_stock_threshold: threshold,
            ..lamp()
        };
        create(&store, &a, product).await;
    }
    let page = store.product_low_stock(&a, 0, 3).await.unwrap();
    let quantities: Vec<_> = page.items.iter().map(|p| p.quantity).collect();
    assert_eq!(quantities, [0, 3, 9]);
    assert_eq!((page.total, page.more), (Some(4), true));
    let rest = store.product_low_stock(&a, 3, 3).await.unwrap();
    assert_eq!(rest.items[0].quantity, 500);
    assert_eq!((rest.items.len(), rest.more), (1, false));
}
