//! Promises of the DynamoDB adapter only: the item format that dashboards read.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::connect;
use crate::{
    domain::{
        clock::Timestamp,
        event::{self, EventContext},
        money::Price,
        product::{NewProduct, Product},
        record::Topic,
        seller::SellerId,
    },
    support::{
        dynamodb::{drop_table, dynamodb, scan, table_name},
        samples::new_lamp,
    },
};

fn product(seller: &SellerId, id: i64, price: &str, category: &str) -> Product {
    let new = NewProduct {
        price: Price::parse(price).unwrap(),
        quantity: 9,
        category: category.to_owned(),
        low_stock_threshold: Some(10),
        ..new_lamp()
    };
    new.into_product(id, seller.clone(), Timestamp::from_millis(0))
}

/// Three products are created. One of them, the only one of its category, is deleted.
/// Red when: money is stored in cents, or an empty category stays.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn items_have_the_format_that_dashboards_read() {
    let (table, one) = (table_name("ledger"), SellerId::parse("one").unwrap());
    let ledger = connect(&dynamodb(), &table).await.unwrap();
    let at = Timestamp::from_millis(250);
    let products = [("0.50", "Toys"), ("10000000.01", "Toys"), ("3", "Books")];
    let products: Vec<_> = (1..)
        .zip(products)
        .map(|(id, (price, category))| product(&one, id, price, category))
        .collect();
    let created = (1..).zip(&products).map(|(sequence, product)| {
        event::created(product, EventContext::default())
            .remove(0)
            .seal(sequence, at)
    });
    let created: Vec<_> = created.collect();
    ledger
        .ledger_apply(&one, Topic::ProductCreated, &created)
        .await
        .unwrap();
    let deleted = event::deleted(&products[2], at, EventContext::default()).seal(4, at);
    ledger
        .ledger_apply(&one, Topic::ProductDeleted, &[deleted])
        .await
        .unwrap();

    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |digits: &str| AttributeValue::N(digits.to_owned());
    let marks = [("product.created", "3"), ("product.deleted", "4")];
    let marks = marks.map(|(topic, mark)| (topic.to_owned(), number(mark)));
    let wanted = [
        vec![
            ("SK", text("CATEGORY#Toys")),
            ("activeProducts", number("2")),
            ("totalQuantity", number("18")),
            ("totalValue", number("90000004.59")),
            ("averagePrice", number("5000000.26")),
            ("priceSum", number("10000000.51")),
        ],
        vec![
            ("SK", text("DAY#1970-01-01")),
            ("created", number("3")),
            ("updated", number("0")),
            ("deleted", number("1")),
            ("lowStock", number("0")),
            ("valueChange", number("90000004.59")),
            ("TTL", number("2678400")),
        ],
        vec![
            ("SK", text("TOTALS")),
            ("totalProducts", number("3")),
            ("activeProducts", number("2")),
            ("deletedProducts", number("1")),
            ("totalValue", number("90000004.59")),
            ("lowStockCount", number("2")),
            ("lastUpdated", text("1970-01-01T00:00:00.250Z")),
            ("watermarks", AttributeValue::M(marks.into())),
        ],
    ];
    let mut found: Vec<BTreeMap<_, _>> = Vec::new();
    for item in scan(&table).await {
        found.push(item.into_iter().collect());
    }
    found.sort_by_key(|item| item["SK"].as_s().cloned().unwrap());
    let wanted = wanted.map(|attributes| {
        let all = attributes.into_iter().chain([("PK", text("SELLER#one"))]);
        all.map(|(name, value)| (name.to_owned(), value))
            .collect::<BTreeMap<_, _>>()
    });
    assert_eq!(found, wanted);
    drop_table(&table).await;
}
