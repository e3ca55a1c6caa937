//! What every inbox promises.

use std::{path::Path, sync::Arc};

use serde_json::json;

use super::{Bounds, Inbox, connect};
use crate::{
    clock::Timestamp,
    config::InboxConfig,
    money::Price,
    notification::{Notification, NotificationKind},
    seller::SellerId,
};

async fn open(directory: &Path) -> Arc<dyn Inbox> {
    let path = directory.join("inbox.db");
    connect(&InboxConfig::Sqlite { path }).await.unwrap()
}

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

fn notification(seller: &SellerId, sequence: i64) -> Notification {
    let kinds = NotificationKind::ALL;
    Notification {
        id: format!("{seller}-1-ProductUpdated-{sequence}"),
        seller_id: seller.clone(),
        kind: kinds[usize::try_from(sequence).unwrap() % kinds.len()],
        message: "Product \"Lampe d'été 🪔\" was updated (price)".to_owned(),
        data: json!({ "productId": 1, "price": Price::parse("99999999.99").unwrap() }),
        timestamp: sequence * 1000,
        read: false,
        sequence,
        first_sequence: None,
    }
}

fn run(seller: &SellerId, sequences: impl IntoIterator<Item = i64>) -> Vec<Notification> {
    let made = |sequence| notification(seller, sequence);
    sequences.into_iter().map(made).collect()
}

async fn sequences(inbox: &dyn Inbox, seller: &SellerId, after: i64, limit: u32) -> Vec<i64> {
    let listed = inbox.inbox_list(seller, after, limit, None).await.unwrap();
    listed
        .iter()
        .map(|notification| notification.sequence)
        .collect()
}

#[tokio::test]
async fn lists_what_was_put_in_order_and_in_steps() {
    let directory = tempfile::tempdir().unwrap();
    let (inbox, one) = (open(directory.path()).await, seller("one"));
    inbox.inbox_put(&one, &run(&one, [5, 3, 4])).await.unwrap();
    inbox.inbox_put(&one, &run(&one, [1, 2])).await.unwrap();
    inbox.inbox_put(&one, &[]).await.unwrap();
    let all = inbox.inbox_list(&one, 0, 1000, None).await.unwrap();
    assert_eq!(all, run(&one, 1..=5));
    assert_eq!(sequences(&*inbox, &one, 1, 2).await, [2, 3]);
    assert_eq!(sequences(&*inbox, &one, 3, 2).await, [4, 5]);
    assert_eq!(sequences(&*inbox, &one, 5, 2).await, [0; 0]);
    let kind = all[2].kind;
    let of_kind = inbox.inbox_list(&one, 0, 10, Some(kind)).await.unwrap();
    assert_eq!(of_kind, run(&one, [3]));
    inbox.ping().await.unwrap();
}

#[tokio::test]
async fn what_is_there_already_stays() {
    let directory = tempfile::tempdir().unwrap();
    let (inbox, one) = (open(directory.path()).await, seller("one"));
    inbox.inbox_put(&one, &run(&one, [1])).await.unwrap();
    let other = Notification {
        message: "something else".to_owned(),
        ..notification(&one, 1)
    };
    inbox
        .inbox_put(&one, &[other, notification(&one, 2)])
        .await
        .unwrap();
    let all = inbox.inbox_list(&one, 0, 10, None).await.unwrap();
    assert_eq!(all, run(&one, [1, 2]));
}

#[tokio::test]
async fn sellers_never_meet() {
    let directory = tempfile::tempdir().unwrap();
    let (inbox, one, two) = (open(directory.path()).await, seller("one"), seller("two"));
    inbox.inbox_put(&one, &run(&one, 1..=3)).await.unwrap();
    inbox.inbox_put(&two, &run(&two, 2..=2)).await.unwrap();
    assert_eq!(
        inbox.inbox_list(&two, 0, 10, None).await.unwrap(),
        run(&two, [2])
    );
    assert_eq!(
        inbox.inbox_bounds(&two).await.unwrap(),
        Bounds {
            oldest: 2,
            newest: 2
        }
    );
    assert_eq!(
        inbox.inbox_bounds(&seller("three")).await.unwrap(),
        Bounds::default()
    );
}

#[tokio::test]
async fn bounds_begin_with_the_first_event_the_oldest_stands_for() {
    let directory = tempfile::tempdir().unwrap();
    let (inbox, one) = (open(directory.path()).await, seller("one"));
    let group = Notification {
        kind: NotificationKind::ImportProgress,
        first_sequence: Some(11),
        ..notification(&one, 20)
    };
    inbox
        .inbox_put(&one, &[group.clone(), notification(&one, 21)])
        .await
        .unwrap();
    assert_eq!(
        inbox.inbox_bounds(&one).await.unwrap(),
        Bounds {
            oldest: 11,
            newest: 21
        }
    );
    assert_eq!(inbox.inbox_list(&one, 15, 1, None).await.unwrap(), [group]);
}

#[tokio::test]
async fn forgets_what_is_older_than_told() {
    let directory = tempfile::tempdir().unwrap();
    let (inbox, one, two) = (open(directory.path()).await, seller("one"), seller("two"));
    inbox.inbox_put(&one, &run(&one, 1..=2500)).await.unwrap();
    inbox.inbox_put(&two, &run(&two, 1..=2)).await.unwrap();
    inbox
        .sweep(Timestamp::from_millis(2_400_000))
        .await
        .unwrap();
    assert_eq!(
        inbox.inbox_bounds(&one).await.unwrap(),
        Bounds {
            oldest: 2400,
            newest: 2500
        }
    );
    assert_eq!(inbox.inbox_bounds(&two).await.unwrap(), Bounds::default());
}

#[tokio::test]
async fn outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let one = seller("one");
    open(directory.path())
        .await
        .inbox_put(&one, &run(&one, 1..=3))
        .await
        .unwrap();
    let again = open(directory.path()).await;
    assert_eq!(
        again.inbox_list(&one, 0, 10, None).await.unwrap(),
        run(&one, 1..=3)
    );
}
