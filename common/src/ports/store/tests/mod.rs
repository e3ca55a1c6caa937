//! One battery for every engine of the store: each test takes an open, empty store and knows
//! nothing of the engine.

mod batch_notes;
mod batches;
mod claims;
mod dry_runs;
mod events;
mod housekeeping;
mod imports;
mod isolation;
mod lists;
pub(super) mod postgres;
mod products;
mod reopening;
mod restores;
mod stock_batches;
mod undos;

use std::{collections::HashMap, path::Path, sync::Arc};

use super::Store;
use crate::{
    config::StoreConfig,
    domain::{
        event::Event,
        money::Price,
        product::{NewProduct, Product},
        seller::SellerId,
    },
};

/// The configured threshold of every store here.
const THRESHOLD: i32 = 10;

async fn open_sqlite(directory: &Path) -> Arc<dyn Store> {
    let config = StoreConfig::Sqlite {
        path: directory.join("store.db"),
        low_stock_threshold: THRESHOLD,
    };
    super::connect(&config).await.unwrap()
}

macro_rules! battery {
    ($($module:ident: $($test:ident)+;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let directory = tempfile::tempdir().unwrap();
                    let store = super::super::open_sqlite(directory.path()).await;
                    super::super::$module::$test(store).await;
                })+
            })+
        }

        mod postgres_battery {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs dev/engines"]
                async fn $test() {
                    let database = super::super::postgres::TestDatabase::migrated().await;
                    super::super::$module::$test(database.open().await).await;
                })+
            })+
        }
    };
}

/// What has other statements on distributed tables, with these.
macro_rules! distributed_battery {
    ($($module:ident: $($test:ident)+;)+) => {
        mod distributed_battery {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs dev/engines"]
                async fn $test() {
                    let database = super::super::postgres::TestDatabase::distributed().await;
                    super::super::$module::$test(database.open().await).await;
                })+
            })+
        }
    };
}

distributed_battery! {
    products:
        a_created_product_is_read_back
        a_sku_is_unique_among_live_products_of_a_seller;
    events:
        each_change_has_its_events
        sequences_have_no_gap_under_concurrency;
    claims:
        equal_requests_act_once
        every_claimed_change_is_replayed;
    restores:
        numbers_go_on_above_a_floor
        products_are_counted_by_category;
    stock_batches:
        each_change_of_a_batch_stands_on_its_own
        an_atomic_batch_is_done_wholly_or_not_at_all
        batches_of_one_seller_do_not_block_each_other;
    isolation:
        a_foreign_seller_sees_and_changes_nothing;
}

battery! {
    products:
        a_created_product_is_read_back
        an_update_alters_only_what_it_names
        versions_guard_updates_and_deletes
        a_delete_hides_and_a_restore_brings_back
        a_sku_is_unique_among_live_products_of_a_seller
        stock_stays_within_its_bounds
        no_update_is_lost_under_concurrency
        stock_changes_add_up_under_concurrency;
    events:
        each_change_has_its_events
        low_stock_is_reported_when_it_begins
        sequences_have_no_gap_under_concurrency
        the_outbox_forgets_what_is_removed
        what_is_set_aside_is_out_of_the_way
        a_wait_ends_with_a_change;
    claims:
        equal_requests_act_once
        another_request_with_the_key_is_refused
        failures_are_not_recorded
        every_claimed_change_is_replayed;
    lists:
        every_order_pages_the_same_by_offset_and_cursor
        filters_hold_together
        text_is_found_literally
        counts_follow_changes
        foreign_cursors_are_refused
        scans_go_by_id
        scans_are_bounded_in_bytes
        attributes_are_scanned_where_there_are_any
        low_stock_comes_scarcest_first;
    stock_batches:
        each_change_of_a_batch_stands_on_its_own
        an_atomic_batch_is_done_wholly_or_not_at_all
        batches_of_one_seller_do_not_block_each_other;
    isolation:
        a_foreign_seller_sees_and_changes_nothing;
    imports:
        a_job_is_queued_listed_and_claimed_once
        jobs_are_taken_once_and_fairly
        a_lease_that_ended_is_taken_over
        a_released_job_is_free_at_once
        a_waiting_job_is_cancelled_at_once
        a_running_job_is_cancelled_after_its_batch
        a_job_ends_once_and_says_so;
    batches:
        an_upsert_creates_updates_and_leaves_alone
        every_mode_treats_known_skus_its_way
        equal_skus_in_a_batch_are_written_once
        rows_without_a_sku_are_new_products
        events_stand_in_row_order_and_carry_the_group
        rejected_rows_are_kept_with_all_their_parts
        rejected_rows_are_read_by_bytes
        a_batch_without_rows_moves_on
        another_checkpoint_or_worker_is_stopped
        an_error_leaves_nothing
        large_batches_fill_several_blocks
        a_deep_outbox_is_read_in_parts;
    batch_notes:
        a_job_says_what_went_in_otherwise_than_written
        skipped_rows_have_their_reasons
        a_repeated_file_is_refused_where_it_would_double;
    dry_runs:
        later_batches_meet_what_earlier_ones_would_write
        what_a_dry_run_kept_is_swept;
    restores:
        numbers_go_on_above_a_floor
        products_are_counted_by_category;
    undos:
        an_undo_goes_part_by_part
        an_import_has_one_undo_at_a_time
        changed_products_stay_and_records_are_swept;
    housekeeping:
        keys_live_until_they_are_revoked
        a_sweep_forgets_ended_imports_only;
}

fn seller(name: &str) -> SellerId {
    SellerId::parse(name).unwrap()
}

/// A plain product that is not low.
fn lamp() -> NewProduct {
    NewProduct {
        name: "Lamp".to_owned(),
        description: None,
        price: Price::from_cents(1999).unwrap(),
        quantity: 50,
        category: "Light".to_owned(),
        sku: None,
        low_stock_threshold: None,
        attributes: None,
    }
}

fn with_sku(sku: &str) -> NewProduct {
    NewProduct {
        sku: Some(sku.to_owned()),
        ..lamp()
    }
}

async fn create(store: &Arc<dyn Store>, seller: &SellerId, new: NewProduct) -> Product {
    let created = store.product_create(seller, new, None).await;
    created.unwrap()
}

/// Everything in the outbox, in its order.
async fn outbox_events(store: &Arc<dyn Store>) -> Vec<Event> {
    let entries = store.outbox_peek(10_000).await.unwrap();
    let records = entries.iter().flat_map(|entry| {
        let seller = entry.seller.as_str();
        let records = entry.records.as_ref().unwrap();
        assert!(records.iter().all(|record| record.key == seller));
        records
    });
    records
        .map(|record| Event::decode(&record.value).unwrap())
        .collect()
}

/// Asserts that every seller's sequences in the outbox are 1, 2, 3, … in this order.
async fn assert_gapless(store: &Arc<dyn Store>) -> HashMap<SellerId, i64> {
    let mut last = HashMap::new();
    for event in outbox_events(store).await {
        let sequence = last.entry(event.seller_id().clone()).or_insert(0);
        *sequence += 1;
        assert_eq!(event.sequence, *sequence, "of {}", event.seller_id());
    }
    last
}
