//! What every inbox promises: one battery for every engine.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use serde_json::json;

use super::{Inbox, InboxBounds, InboxEnd, connect};
use crate::{
    config::InboxConfig,
    domain::{
        clock::{self, Timestamp},
        money::Price,
        notification::{Notification, NotificationKind},
        seller::SellerId,
    },
};

/// An engine without a notification, to be opened as often as a test likes.
struct InboxFixture {
    config: InboxConfig,
    _directory: Option<tempfile::TempDir>,
}

impl InboxFixture {
    fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        Self {
            config: InboxConfig::Sqlite { path },
            _directory: Some(directory),
        }
    }

    #[cfg(feature = "aws")]
    fn dynamodb() -> Self {
        let config = InboxConfig::DynamoDb {
            aws: crate::support::dynamodb::dynamodb(),
            table: crate::support::dynamodb::table_name("inbox"),
        };
        Self {
            config,
            _directory: None,
        }
    }

    async fn open(&self) -> Arc<dyn Inbox> {
        connect(&self.config).await.unwrap()
    }

    async fn close(self) {
        #[cfg(feature = "aws")]
        if let InboxConfig::DynamoDb { table, .. } = &self.config {
            crate::support::dynamodb::drop_table(table).await;
        }
    }
}

macro_rules! battery {
    ($($test:ident)+) => {
        mod sqlite {
            use super::InboxFixture;

            $(#[tokio::test]
            async fn $test() {
                super::$test(&InboxFixture::sqlite()).await;
            })+
        }

        #[cfg(feature = "aws")]
        mod dynamodb {
            use super::InboxFixture;

            $(#[tokio::test]
            #[ignore = "needs dev/engines"]
            async fn $test() {
                let fixture = InboxFixture::dynamodb();
                super::$test(&fixture).await;
                fixture.close().await;
            })+
        }
    };
}

battery! {
    lists_what_was_put_in_order_and_in_steps
    a_kind_is_found_after_many_others
    a_repeated_put_changes_nothing
    the_end_is_the_newest_of_a_whole_inbox
    one_that_is_put_twice_at_once_is_there_once
    sellers_never_meet
    bounds_begin_with_the_first_event_of_the_oldest
    outlives_the_process
}

/// Notifications are young: engines may forget old ones at any time.
static START: LazyLock<i64> = LazyLock::new(|| clock::now().millis());

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
        data: json!({
            "productId": 1,
            "price": Price::parse("99999999.99").unwrap(),
            "changes": { "sku": { "old": null, "new": "" } },
            "lowStock": [{ "name": "🪔", "quantity": 10_000_000_000_i64 }, true, 0.05],
        }),
        timestamp: *START + sequence * 1000,
        read: false,
        sequence,
        first_sequence: None,
        settled_from: None,
    }
}

pub(super) fn run(
    seller: &SellerId,
    sequences: impl IntoIterator<Item = i64>,
) -> Vec<Arc<Notification>> {
    let made = |sequence| Arc::new(notification(seller, sequence));
    sequences.into_iter().map(made).collect()
}

/// What is stored, as it was put.
async fn listed(
    inbox: &dyn Inbox,
    seller: &SellerId,
    after: i64,
    kind: Option<NotificationKind>,
) -> Vec<Arc<Notification>> {
    let found = inbox.inbox_list(seller, after, 1000, kind).await.unwrap();
    found.into_iter().map(Arc::new).collect()
}

async fn sequences(inbox: &dyn Inbox, seller: &SellerId, after: i64, limit: u32) -> Vec<i64> {
    let listed = inbox.inbox_list(seller, after, limit, None).await.unwrap();
    listed
        .iter()
        .map(|notification| notification.sequence)
        .collect()
}

async fn lists_what_was_put_in_order_and_in_steps(fixture: &InboxFixture) {
    let (inbox, one) = (fixture.open().await, seller("one"));
    inbox
        .notifications_put(&run(&one, [5, 3, 4]))
        .await
        .unwrap();
    inbox.notifications_put(&run(&one, [1, 2])).await.unwrap();
    inbox.notifications_put(&[]).await.unwrap();
    let all = listed(&*inbox, &one, 0, None).await;
    assert_eq!(all, run(&one, 1..=5));
    assert_eq!(sequences(&*inbox, &one, 1, 2).await, [2, 3]);
    assert_eq!(sequences(&*inbox, &one, 3, 2).await, [4, 5]);
    assert_eq!(sequences(&*inbox, &one, 5, 2).await, [0; 0]);
    let kind = all[2].kind;
    let of_kind = listed(&*inbox, &one, 0, Some(kind)).await;
    assert_eq!(of_kind, run(&one, [3]));
    inbox.ping().await.unwrap();
}

/// Red when: only one page is read, or a page's size is taken for the number found.
async fn a_kind_is_found_after_many_others(fixture: &InboxFixture) {
    let (inbox, one) = (fixture.open().await, seller("one"));
    inbox.notifications_put(&run(&one, 1..=1500)).await.unwrap();
    let last = Arc::new(Notification {
        kind: NotificationKind::ImportCompleted,
        ..notification(&one, 1501)
    });
    let others = run(&one, 1..=1500)
        .into_iter()
        .filter(|other| other.kind == last.kind);
    let wanted: Vec<_> = others.chain([last.clone()]).collect();
    inbox
        .notifications_put(std::slice::from_ref(&last))
        .await
        .unwrap();
    assert_eq!(listed(&*inbox, &one, 0, Some(last.kind)).await, wanted);
    let found = inbox.inbox_list(&one, 1499, 1, Some(last.kind)).await;
    assert_eq!(found.unwrap(), [(*last).clone()]);
    assert_eq!(sequences(&*inbox, &one, 0, 2000).await.len(), 1501);
}

/// Red when: a repeated put stores a second time, or loses what it is put beside.
async fn a_repeated_put_changes_nothing(fixture: &InboxFixture) {
    let (inbox, one, two) = (fixture.open().await, seller("one"), seller("two"));
    inbox.notifications_put(&run(&one, 1..=30)).await.unwrap();
    let mut mixed = run(&one, 20..=40);
    mixed.extend(run(&two, 1..=3));
    inbox.notifications_put(&mixed).await.unwrap();
    assert_eq!(listed(&*inbox, &one, 0, None).await, run(&one, 1..=40));
    assert_eq!(listed(&*inbox, &two, 0, None).await, run(&two, 1..=3));
}

async fn the_end_is_the_newest_of_a_whole_inbox(fixture: &InboxFixture) {
    let (inbox, one) = (fixture.open().await, seller("one"));
    let end = |last, at| InboxEnd {
        last,
        last_at: Timestamp::from_millis(at),
        above: BTreeMap::new(),
    };
    assert_eq!(inbox.inbox_end(&one).await.unwrap(), end(0, 0));
    inbox.notifications_put(&run(&one, 1..=300)).await.unwrap();
    let newest = notification(&one, 300).timestamp;
    assert_eq!(inbox.inbox_end(&one).await.unwrap(), end(300, newest));
}

async fn one_that_is_put_twice_at_once_is_there_once(fixture: &InboxFixture) {
    let (inbox, one) = (fixture.open().await, seller("one"));
    let other = Arc::new(Notification {
        message: "something else".to_owned(),
        ..notification(&one, 2)
    });
    let mut twice = run(&one, 1..=3);
    twice.push(other);
    inbox.notifications_put(&twice).await.unwrap();
    assert_eq!(listed(&*inbox, &one, 0, None).await, run(&one, 1..=3));
}

async fn sellers_never_meet(fixture: &InboxFixture) {
    let (inbox, one, two) = (fixture.open().await, seller("one"), seller("two"));
    inbox.notifications_put(&run(&one, 1..=3)).await.unwrap();
    inbox.notifications_put(&run(&two, 2..=2)).await.unwrap();
    assert_eq!(listed(&*inbox, &two, 0, None).await, run(&two, [2]));
    assert_eq!(
        inbox.inbox_bounds(&two).await.unwrap(),
        InboxBounds {
            oldest: 2,
            newest: 2
        }
    );
    assert_eq!(
        inbox.inbox_bounds(&seller("three")).await.unwrap(),
        InboxBounds::default()
    );
}

async fn bounds_begin_with_the_first_event_of_the_oldest(fixture: &InboxFixture) {
    let (inbox, one) = (fixture.open().await, seller("one"));
    let group = Arc::new(Notification {
        kind: NotificationKind::ImportProgress,
        first_sequence: Some(11),
        ..notification(&one, 20)
    });
    let after = Arc::new(notification(&one, 21));
    inbox
        .notifications_put(&[Arc::clone(&group), after])
        .await
        .unwrap();
    assert_eq!(
        inbox.inbox_bounds(&one).await.unwrap(),
        InboxBounds {
            oldest: 11,
            newest: 21
        }
    );
    assert_eq!(listed(&*inbox, &one, 15, None).await[0], group);
}

/// DynamoDB forgets by itself.
#[tokio::test]
async fn forgets_what_is_older_than_the_limit() {
    let fixture = InboxFixture::sqlite();
    let (inbox, one, two) = (fixture.open().await, seller("one"), seller("two"));
    inbox.notifications_put(&run(&one, 1..=2500)).await.unwrap();
    inbox.notifications_put(&run(&two, 1..=2)).await.unwrap();
    inbox
        .sweep(Timestamp::from_millis(*START + 2_400_000))
        .await
        .unwrap();
    assert_eq!(
        inbox.inbox_bounds(&one).await.unwrap(),
        InboxBounds {
            oldest: 2400,
            newest: 2500
        }
    );
    assert_eq!(
        inbox.inbox_bounds(&two).await.unwrap(),
        InboxBounds::default()
    );
}

async fn outlives_the_process(fixture: &InboxFixture) {
    let one = seller("one");
    fixture
        .open()
        .await
        .notifications_put(&run(&one, 1..=3))
        .await
        .unwrap();
    let again = fixture.open().await;
    assert_eq!(listed(&*again, &one, 0, None).await, run(&one, 1..=3));
}
