//! What only the server adapter of the inbox promises: items as other programs read them, and
//! patience with a DynamoDB that is away.

use std::{net::TcpListener, sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveStatus};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::connect;
use crate::{
    config::{Aws, Secret},
    domain::{
        clock,
        error::Error,
        notification::{NOTIFICATION_RETENTION, Notification, NotificationKind},
        seller::SellerId,
    },
    ports::inbox::{InboxBounds, InboxEnd},
    support::dynamodb::{PausableProxy, client, drop_table, dynamodb, scan, table_name},
};

fn stored(seller: &SellerId, sequence: i64) -> Arc<Notification> {
    Arc::new(notification(seller, sequence))
}

fn notification(seller: &SellerId, sequence: i64) -> Notification {
    Notification {
        id: format!("{seller}-1-ProductUpdated-{sequence}"),
        seller_id: seller.clone(),
        kind: NotificationKind::ProductUpdated,
        message: "Product \"Lamp\" was updated (price)".to_owned(),
        data: json!({ "productId": 7, "price": 99_999_999, "sku": null }),
        timestamp: clock::now().millis(),
        read: false,
        sequence,
        first_sequence: None,
        settled_from: None,
    }
}

/// Red when: `data` is stored as a text, or a number as one.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn items_are_as_other_programs_know_them() {
    let (table, one) = (table_name("inbox"), SellerId::parse("one").unwrap());
    let inbox = connect(&dynamodb(), &table).await.unwrap();
    let mut stored = notification(&one, 12);
    stored.first_sequence = Some(5);
    let put = [Arc::new(stored.clone())];
    inbox.notifications_put(&put).await.unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    let data = [
        ("productId", number(7)),
        ("price", number(99_999_999)),
        ("sku", AttributeValue::Null(true)),
    ];
    let wanted = [
        ("id", text("one-1-ProductUpdated-12")),
        ("sellerId", text("one")),
        ("type", text("ProductUpdated")),
        ("message", text(&stored.message)),
        (
            "data",
            AttributeValue::M(data.map(|(n, v)| (n.to_owned(), v)).into()),
        ),
        ("timestamp", number(stored.timestamp)),
        ("read", AttributeValue::Bool(false)),
        ("sequence", number(12)),
        ("firstSequence", number(5)),
        ("ttl", number(stored.timestamp / 1000 + 30 * 86_400)),
    ];
    assert_eq!(
        scan(&table).await,
        [wanted.map(|(n, v)| (n.to_owned(), v)).into()]
    );
    let expiry = client().await.describe_time_to_live().table_name(&table);
    let expiry = expiry
        .send()
        .await
        .unwrap()
        .time_to_live_description
        .unwrap();
    assert_eq!(expiry.attribute_name(), Some("ttl"));
    assert_eq!(
        expiry.time_to_live_status(),
        Some(&TimeToLiveStatus::Enabled)
    );
    drop_table(&table).await;
}

/// Red when: the filter is left out.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn what_expired_is_not_shown_any_more() {
    let (table, one) = (table_name("inbox"), SellerId::parse("one").unwrap());
    let inbox = connect(&dynamodb(), &table).await.unwrap();
    let expired = |sequence| {
        Arc::new(Notification {
            timestamp: clock::now().minus(NOTIFICATION_RETENTION).millis() - 1000,
            ..notification(&one, sequence)
        })
    };
    let old: Vec<_> = (1..=40).map(expired).collect();
    inbox.notifications_put(&old).await.unwrap();
    assert_eq!(
        inbox.inbox_bounds(&one).await.unwrap(),
        InboxBounds::default()
    );
    let young = notification(&one, 41);
    let put = [Arc::new(young.clone())];
    inbox.notifications_put(&put).await.unwrap();
    let bounds = InboxBounds {
        oldest: 41,
        newest: 41,
    };
    assert_eq!(inbox.inbox_bounds(&one).await.unwrap(), bounds);
    assert_eq!(inbox.inbox_list(&one, 0, 10, None).await.unwrap(), [young]);
    drop_table(&table).await;
}

/// Red when: what an interrupted put left is not found, so that it is written again or nothing that
/// was missing would be.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn an_interrupted_put_is_seen_at_the_end() {
    let (table, one) = (table_name("inbox"), SellerId::parse("one").unwrap());
    let inbox = connect(&dynamodb(), &table).await.unwrap();
    let put = async |sequences: &[i64]| {
        let batch: Vec<_> = sequences.iter().map(|at| stored(&one, *at)).collect();
        inbox.notifications_put(&batch).await.unwrap();
    };
    let end = async || {
        let InboxEnd { last, above, .. } = inbox.inbox_end(&one).await.unwrap();
        (last, above.into_iter().collect::<Vec<_>>())
    };
    // What is before the oldest could have been in the same put.
    put(&[3, 4]).await;
    assert_eq!(end().await, (0, vec![(3, 3), (4, 4)]));
    put(&[1, 2]).await;
    assert_eq!(end().await, (4, vec![]));
    put(&[6, 9]).await;
    let group = Notification {
        first_sequence: Some(7),
        ..notification(&one, 8)
    };
    inbox.notifications_put(&[Arc::new(group)]).await.unwrap();
    assert_eq!(end().await, (4, vec![(6, 6), (8, 7), (9, 9)]));
    let settled = Notification {
        settled_from: Some(5),
        ..notification(&one, 10)
    };
    inbox.notifications_put(&[Arc::new(settled)]).await.unwrap();
    assert_eq!(end().await.0, 10);
    drop_table(&table).await;
}

/// Not there yet, there, silent, there again, without its table: one inbox lives through it all.
/// Red when: a call has no deadline, or the table is looked for only once.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn waits_for_no_one_and_heals() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let (table, one) = (table_name("inbox"), SellerId::parse("one").unwrap());
    let aws = Aws {
        endpoint: Some(format!("http://{address}")),
        ..dynamodb()
    };
    let inbox = connect(&aws, &table).await.unwrap();
    let put = async |sequence| {
        let batch = [stored(&one, sequence), stored(&one, sequence + 1)];
        let put = inbox.notifications_put(&batch);
        tokio::time::timeout(Duration::from_secs(30), put)
            .await
            .unwrap()
    };
    assert!(matches!(put(1).await, Err(Error::Unavailable { .. })));
    let proxy = PausableProxy::at(address).await;
    put(1).await.unwrap();
    proxy.set_running(false);
    assert!(matches!(put(3).await, Err(Error::Unavailable { .. })));
    assert!(matches!(inbox.ping().await, Err(Error::Unavailable { .. })));
    proxy.set_running(true);
    put(3).await.unwrap();
    assert_eq!(inbox.inbox_list(&one, 0, 10, None).await.unwrap().len(), 4);
    drop_table(&table).await;
    assert!(matches!(put(5).await, Err(Error::Unavailable { .. })));
    put(5).await.unwrap();
    drop_table(&table).await;
}

/// Items would be refused one by one, and the messages they stand for taken for broken.
#[tokio::test]
#[ignore = "needs dev/engines"]
async fn a_table_that_was_made_for_something_else_is_said_to_be() {
    let (table, one) = (table_name("inbox"), SellerId::parse("one").unwrap());
    let ledger = crate::config::LedgerConfig::DynamoDb {
        aws: dynamodb(),
        table: table.clone(),
    };
    crate::ports::ledger::connect(&ledger)
        .await
        .unwrap()
        .ping()
        .await
        .unwrap();
    let inbox = connect(&dynamodb(), &table).await.unwrap();
    let error = inbox
        .notifications_put(&[stored(&one, 1)])
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(
        error.to_string().contains("has other keys (PK, SK)"),
        "{error}"
    );
    drop_table(&table).await;
}

/// A DynamoDB that is short of capacity: of the first batch it takes only the first item.
/// Red when: what was left over is not sent again.
#[tokio::test]
async fn what_a_batch_left_over_is_put_as_well() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let aws = Aws {
        endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
        region: "us-east-1".to_owned(),
        keys: Some(("id".to_owned(), Secret::new("secret"))),
    };
    let taken = tokio::spawn(async move {
        let (mut batches, mut taken) = (0, Vec::new());
        while taken.len() < 3 {
            let (connection, _) = listener.accept().await.unwrap();
            answer_one(connection, |operation, request| match operation {
                "DescribeTable" => table_description(),
                "DescribeTimeToLive" => {
                    json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "ENABLED" } })
                }
                "BatchWriteItem" => {
                    let mut items = request["RequestItems"]["inbox"].as_array().unwrap().clone();
                    batches += 1;
                    let left = items.split_off(if batches == 1 { 1 } else { items.len() });
                    taken.extend(items);
                    json!({ "UnprocessedItems": { "inbox": left } })
                }
                other => panic!("unexpected operation {other}"),
            })
            .await;
        }
        taken
    });
    let one = SellerId::parse("one").unwrap();
    let inbox = connect(&aws, "inbox").await.unwrap();
    let batch: Vec<_> = (1..=3).map(|sequence| stored(&one, sequence)).collect();
    inbox.notifications_put(&batch).await.unwrap();
    let taken = tokio::time::timeout(Duration::from_secs(10), taken).await;
    let taken = taken.expect("not every item was sent").unwrap();
    let sequence = |item: &Value| item["PutRequest"]["Item"]["sequence"]["N"].clone();
    assert_eq!(
        taken.iter().map(sequence).collect::<Vec<_>>(),
        ["1", "2", "3"]
    );
}

fn table_description() -> Value {
    json!({ "Table": {
        "TableStatus": "ACTIVE",
        "KeySchema": [
            { "AttributeName": "sellerId", "KeyType": "HASH" },
            { "AttributeName": "sequence", "KeyType": "RANGE" },
        ],
        "AttributeDefinitions": [
            { "AttributeName": "sellerId", "AttributeType": "S" },
            { "AttributeName": "sequence", "AttributeType": "N" },
        ],
    } })
}

/// Reads one request and answers it by its operation and body.
async fn answer_one(connection: tokio::net::TcpStream, answer: impl FnOnce(&str, &Value) -> Value) {
    let mut connection = BufReader::new(connection);
    let (mut operation, mut length, mut line) = (String::new(), 0, String::new());
    while connection.read_line(&mut line).await.unwrap() > 2 {
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => value
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .clone_into(&mut operation),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
        line.clear();
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.unwrap();
    let answer = answer(&operation, &serde_json::from_slice(&body).unwrap()).to_string();
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
    let text = format!("{head} {}\r\n\r\n{answer}", answer.len());
    connection.write_all(text.as_bytes()).await.unwrap();
}
