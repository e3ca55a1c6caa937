//! Port: the store of products, the seller's event sequence and outbox, import jobs, idempotency
//! keys and API keys.
//!
//! Every method is one unit of work: all of its effects are committed when it answers `Ok`, none
//! when it answers an error. Writes that change a product put its events into the outbox in the
//! same transaction, numbered with the seller's gapless sequence.

mod batch;
mod batch_keys;
mod block;
mod change;
mod column;
mod import_end;
mod pending_product;
mod stock_plan;
mod undo;

mod postgres;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;

use std::{num::NonZero, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    config::StoreConfig,
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        idempotency::Claim,
        import_job::{BatchOutcome, Checkpoint, ImportBatch, ImportId, ImportJob, NewImport},
        product::{
            Attributes, NewProduct, Product, ProductId, ProductPatch, StockBatch, StockChange,
            StockOutcome,
        },
        product_csv::{RejectSummary, RejectedRow},
        query::{Page, ProductFilter, ProductQuery},
        record::{self, Record},
        seller::SellerId,
        stats::SellerRecount,
    },
    seller_permits::SellerPermits,
};

/// What a step of a scan holds at most, in bytes; one row is as long as it is.
const MAX_STEP_BYTES: i64 = 1024 * 1024;

/// How long a read of many products takes at most, with its wait for others.
const SCAN_TIMEOUT: Duration = Duration::from_secs(4);

/// Permits for reads of many products: as many as there are processors, and a seller has half.
fn scan_permits() -> SellerPermits {
    let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
    SellerPermits::new(processors.max(2), (processors / 2).max(1))
}

/// The store: five parts on one engine. A user holds the store, or the part it needs.
pub trait Store: ProductStore + Outbox + ImportStore + KeyStore + StoreAdmin {}

impl<T: ProductStore + Outbox + ImportStore + KeyStore + StoreAdmin> Store for T {}

/// Opens the configured engine and brings its schema up to date.
pub async fn connect(config: &StoreConfig) -> Result<Arc<dyn Store>> {
    match config {
        StoreConfig::Sqlite {
            path,
            low_stock_threshold,
        } => sqlite::connect(path, *low_stock_threshold).await,
        StoreConfig::Postgres {
            server,
            low_stock_threshold,
        } => postgres::connect(server, *low_stock_threshold).await,
    }
}

/// Products of one seller. With a claim, a repeated request answers what the first one did and
/// does nothing.
#[async_trait]
pub trait ProductStore: Send + Sync + std::fmt::Debug {
    /// Stores a new product (version 1).
    async fn product_create(
        &self,
        seller: &SellerId,
        new: NewProduct,
        claim: Option<&Claim>,
    ) -> Result<Product>;

    /// An undeleted product.
    async fn product_get(&self, seller: &SellerId, id: ProductId) -> Result<Option<Product>>;

    /// Alters a product; one that the patch leaves as it is keeps its version and has no event.
    /// `if_version`: only when this is the present version.
    async fn product_update(
        &self,
        seller: &SellerId,
        id: ProductId,
        patch: ProductPatch,
        if_version: Option<i64>,
    ) -> Result<Option<Product>>;

    /// Deletes softly. `None` when absent or deleted already.
    async fn product_delete(
        &self,
        seller: &SellerId,
        id: ProductId,
        if_version: Option<i64>,
    ) -> Result<Option<Product>>;

    /// Brings a deleted product back; a live one is answered as it is.
    async fn product_restore(
        &self,
        seller: &SellerId,
        id: ProductId,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>>;

    /// Adds to or takes from the stock.
    async fn product_stock(
        &self,
        seller: &SellerId,
        id: ProductId,
        change: StockChange,
        claim: Option<&Claim>,
    ) -> Result<Option<Product>>;

    /// Applies the changes in their order; an outcome for each. When the batch is atomic and one
    /// cannot be done, none is.
    async fn product_stock_batch(
        &self,
        seller: &SellerId,
        batch: StockBatch,
        claim: Option<&Claim>,
    ) -> Result<Vec<StockOutcome>>;

    /// One page of a list.
    async fn product_list(&self, seller: &SellerId, query: &ProductQuery) -> Result<Page<Product>>;

    /// Undeleted products with an id above `after`, by id: the steps of an export. Up to `limit` of
    /// them, and fewer where they are long; none at the end only.
    async fn product_scan(
        &self,
        seller: &SellerId,
        filter: &ProductFilter,
        after: ProductId,
        limit: u32,
    ) -> Result<Vec<Product>>;

    /// The attributes of such products, of those that have any, with their ids.
    async fn product_scan_attributes(
        &self,
        seller: &SellerId,
        filter: &ProductFilter,
        after: ProductId,
        limit: u32,
    ) -> Result<Vec<(ProductId, Attributes)>>;

    /// Counts all products, and says which events are in the count.
    async fn product_recount(&self, seller: &SellerId) -> Result<SellerRecount>;

    /// Undeleted products below their threshold, fewest units first, then by id.
    async fn product_low_stock(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<Product>>;
}

/// How often a process says that it is there.
pub const NODE_INTERVAL: Duration = Duration::from_secs(5);

/// A process that uses the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreNode {
    /// The same after a restart.
    pub name: String,
    /// What it does, by the names of the command line.
    pub roles: Vec<String>,
    /// The ports whose engine no other process can reach, by name.
    pub embedded: Vec<String>,
}

/// One row of the outbox: the messages of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    pub id: i64,
    pub seller: SellerId,
    /// Or why the row cannot be read.
    pub records: std::result::Result<Vec<Record>, String>,
}

impl OutboxEntry {
    fn read(seller: &str, id: i64, block: &[u8]) -> Result<Self> {
        let seller = SellerId::parse(seller).map_err(|error| Error::Corrupt(error.to_string()))?;
        let records = record::decode_block(block).map_err(|error| error.to_string());
        Ok(Self {
            id,
            seller,
            records,
        })
    }
}

/// What the outbox holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// Exact up to 10,000 rows, an estimate above.
    pub messages: u64,
    /// When the oldest row was written; `None` when there is none.
    pub oldest: Option<Timestamp>,
}

/// A row that leaves the outbox without being published in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsideEntry {
    pub id: i64,
    pub seller: SellerId,
    /// The messages that were not published; `None`: the row as it is.
    pub records: Option<Vec<Record>>,
    pub reason: String,
}

/// Messages that are committed but not yet on the broker. Used by the relay alone.
#[async_trait]
pub trait Outbox: Send + Sync + std::fmt::Debug {
    /// Becomes, or makes sure to still be, the only owner. `false`: someone else is. An owner that
    /// is dead or frozen loses its place within 10 s.
    async fn relay_lease_acquire(&self) -> Result<bool>;

    /// Stops being the owner, so that another process need not wait.
    async fn relay_lease_release(&self) -> Result<()>;

    /// The oldest rows across sellers by id: as many as hold `messages` together, at most 500, and
    /// at least one when there is any.
    async fn outbox_peek(&self, messages: u32) -> Result<Vec<OutboxEntry>>;

    /// Forgets rows whose messages are all acknowledged.
    async fn outbox_remove(&self, entries: &[(SellerId, i64)]) -> Result<()>;

    /// Takes rows out of the way of the others. They are kept with their reasons for an operator.
    async fn outbox_set_aside(&self, entries: Vec<SetAsideEntry>) -> Result<()>;

    /// Messages that were set aside.
    async fn outbox_aside(&self) -> Result<u64>;

    /// The ids of a seller's first and last row; `None` when it has none. A seller's ids ascend in
    /// the order of its commits.
    async fn outbox_span(&self, seller: &SellerId) -> Result<Option<(i64, i64)>>;

    /// What waits.
    async fn outbox_backlog(&self) -> Result<OutboxBacklog>;

    /// Returns `true` once a change of this process was committed, `false` after `poll`.
    async fn outbox_wait(&self, poll: Duration) -> bool;
}

/// Import jobs of one seller, and the worker's side of them.
#[async_trait]
pub trait ImportStore: Send + Sync + std::fmt::Debug {
    /// Queues an import.
    async fn import_create(
        &self,
        seller: &SellerId,
        new: NewImport,
        claim: Option<&Claim>,
    ) -> Result<ImportJob>;

    /// What an earlier request with this claim queued, before its upload is read again.
    async fn import_claimed(&self, seller: &SellerId, claim: &Claim) -> Result<Option<ImportJob>>;

    async fn import_get(&self, seller: &SellerId, id: &str) -> Result<Option<ImportJob>>;

    /// Newest first, with the number of all; the jobs come without their warnings.
    async fn import_list(
        &self,
        seller: &SellerId,
        offset: u64,
        limit: u32,
    ) -> Result<Page<ImportJob>>;

    /// Asks for an early end: a queued import is cancelled at once, a running one after its
    /// present batch.
    async fn import_cancel(
        &self,
        seller: &SellerId,
        id: &str,
        claim: Option<&Claim>,
    ) -> Result<Option<ImportJob>>;

    /// Rejected rows after `after` (a running number from 1, 0 to start): up to `limit` of them, and
    /// fewer where they are long; none at the end only.
    async fn import_rejects(
        &self,
        seller: &SellerId,
        id: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, RejectedRow)>>;

    /// The first rejected rows without their text, at most `limit`.
    async fn import_errors(
        &self,
        seller: &SellerId,
        id: &str,
        limit: u32,
    ) -> Result<Vec<RejectSummary>>;

    /// Takes over a job that waits, whose worker is gone (its lease ended), or that this very
    /// worker held before it was restarted; fair between sellers. A worker runs one job at a time.
    /// The lease is renewed by every batch.
    async fn import_take(&self, worker: &str, lease: Duration) -> Result<Option<ImportJob>>;

    /// Commits a batch: products, events, rejected rows, counts and the checkpoint.
    async fn import_commit(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        batch: &ImportBatch,
    ) -> Result<BatchOutcome>;

    /// Ends a job: `completed`, `failed` (with why) or `cancelled`, and its ImportCompleted event.
    /// `None` when it has ended already or another worker owns it.
    async fn import_finish(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        end: ImportEnd,
    ) -> Result<Option<ImportJob>>;

    /// Queues the undo of an import, as a job of its own with the id `undo`. `None` when there is no
    /// such import.
    async fn import_undo(
        &self,
        seller: &SellerId,
        id: &str,
        undo: ImportId,
        claim: Option<&Claim>,
    ) -> Result<Option<ImportJob>>;

    /// Puts the next products back: with their events, the counts and the checkpoint. When no row is
    /// added, nothing is left to do.
    async fn import_undo_commit(
        &self,
        seller: &SellerId,
        id: &str,
        worker: &str,
        from: &Checkpoint,
    ) -> Result<BatchOutcome>;

    /// Forgets what a dry run that has ended kept between its batches.
    async fn import_clear_staged(&self, seller: &SellerId, id: &str) -> Result<()>;

    /// Gives a job back, so that the next worker need not wait for the lease to end.
    async fn import_release(&self, seller: &SellerId, id: &str, worker: &str) -> Result<()>;
}

/// How an import ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportEnd {
    Completed,
    Cancelled,
    /// A sentence for the seller.
    Failed(String),
}

/// An API key as stored: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub seller: SellerId,
    pub name: String,
    /// SHA-256 of the whole key, lower-case hexadecimal.
    pub sha256: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// API keys.
#[async_trait]
pub trait KeyStore: Send + Sync + std::fmt::Debug {
    async fn key_create(&self, seller: &SellerId, key: ApiKey) -> Result<()>;

    /// All keys of a seller, newest first, revoked ones too.
    async fn key_list(&self, seller: &SellerId) -> Result<Vec<ApiKey>>;

    /// `false` when the seller has no such live key.
    async fn key_revoke(&self, seller: &SellerId, id: &str) -> Result<bool>;

    /// The live key with this id; the only look-up that does not know the seller yet.
    async fn key_find(&self, id: &str) -> Result<Option<ApiKey>>;
}

/// Numbers that were given before the store was restored from a backup, and that it does not know of.
/// What is given from now on is above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFloor {
    pub sequence: i64,
    pub product_id: ProductId,
}

/// What operators and housekeeping need.
#[async_trait]
pub trait StoreAdmin: Send + Sync + std::fmt::Debug {
    /// One cheap read.
    async fn ping(&self) -> Result<()>;

    /// Forgets idempotency keys older than a day, and ended imports that ended before `before`
    /// with their rejected rows. Returns the ids of those imports, whose spools may go too.
    async fn sweep(&self, before: Timestamp) -> Result<Vec<(SellerId, ImportId)>>;

    /// Those of these ids that are imports.
    async fn imports_known(&self, ids: &[ImportId]) -> Result<Vec<ImportId>>;

    /// Says that this process uses the store, to be repeated every `NODE_INTERVAL`, and answers the
    /// others that came before it and are still there. None where the store serves one process only.
    async fn node_announce(&self, _node: &StoreNode) -> Result<Vec<StoreNode>> {
        Ok(Vec::new())
    }

    /// This process uses the store no longer.
    async fn node_leave(&self, _name: &str) -> Result<()> {
        Ok(())
    }

    /// Every seller with events, in no order.
    async fn sellers(&self) -> Result<Vec<SellerId>>;

    /// The sequence of a seller's last event, 0 before the first.
    async fn last_sequence(&self, seller: &SellerId) -> Result<i64>;

    /// Keeps that the store was restored from a backup, and passes over all numbers up to the floor.
    async fn restore_note(&self, floor: NumberFloor) -> Result<()>;

    /// The highest sequence that a restore passed over, 0 without one.
    async fn sequence_floor(&self) -> Result<i64>;

    /// The sequence floor of a restore after which the totals were not corrected yet.
    async fn restore_pending(&self) -> Result<Option<i64>>;

    /// The totals are correct after the restore with this sequence floor, and those before.
    async fn restore_done(&self, sequence_floor: i64) -> Result<()>;

    /// Called last: leaves files tidy.
    async fn close(&self) {}
}
