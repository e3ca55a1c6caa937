//! What a batch of an import does to the products it meets: pure, the same for every engine.
//!
//! Rows are taken in file order. Where a sku is in several rows of a batch, each later row
//! alters what the earlier ones made; the product is written once and the earlier rows count as
//! skipped.

use std::collections::HashMap;

use super::{
    batch_keys::{KeyConflict, KnownProducts, RowKey, row_name},
    pending_product::PendingProduct,
};
use crate::domain::{
    clock::Timestamp,
    error::{Error, Result},
    event::{self, EventContext, EventData, EventDraft},
    import_changes::ProductChange,
    import_job::{Checkpoint, ImportBatch, ImportCounts, ImportJob, ImportNotes, LowStockDigest},
    port::Port,
    product::Product,
    product_csv::{
        ColumnRole, ImportMode, ImportPlan, ParsedRow, ProductField, RejectedRow, RowWarning,
        SkipReason,
    },
    seller::SellerId,
};

/// The code of rows whose key is that of another row or product.
const DUPLICATE_CODE: &str = "DUPLICATE_SKU";

/// What a batch makes of its job.
#[derive(Debug)]
pub(super) struct Booked {
    /// With the batch's counts and the checkpoint after it, still without its low-stock warnings.
    pub job: ImportJob,
    pub merged: Merged,
    /// All rejected rows of the batch in file order, with their numbers within the import.
    pub rejects: Vec<(u64, RejectedRow)>,
}

/// Decides what every row of a job's next batch does. `products` are the live ones that the
/// batch names.
pub(super) fn book(
    mut job: ImportJob,
    batch: ImportBatch,
    products: KnownProducts,
    at: Timestamp,
) -> Booked {
    let known = Known {
        seller: &job.seller_id,
        plan: &job.plan,
        products,
        at,
    };
    let mut merged = merge(known, batch.rows);
    if job.run.dry_run {
        merged.notes.changes = merged.changes();
    }
    let mut rejects = std::mem::take(&mut merged.rejects);
    let parsed = batch.rejects.len() as u64;
    rejects.extend(batch.rejects);
    rejects.sort_by_key(|reject| reject.line);
    merged.counts.rows += parsed + batch.skips.total();
    merged.counts.rejected += parsed;
    merged.notes.skips += batch.skips;
    merged.counts.skipped = merged.notes.skips.total();
    let first = job.counts.rejected + 1;
    job.counts += merged.counts;
    job.notes.add(merged.take_notes());
    job.checkpoint = Checkpoint {
        batch: batch.from.batch + 1,
        position: batch.to,
    };
    Booked {
        job,
        merged,
        rejects: (first..).zip(rejects).collect(),
    }
}

/// Runs work that would keep a thread of the runtime busy. It starts at once.
pub(super) fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T>> + Send {
    let task = tokio::task::spawn_blocking(work);
    async {
        let done = task.await;
        done.map_err(|error| Error::unavailable(Port::Store, "the import", error))
    }
}

/// What a batch is merged with.
#[derive(Debug)]
struct Known<'a> {
    seller: &'a SellerId,
    plan: &'a ImportPlan,
    products: KnownProducts,
    at: Timestamp,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// In the order of their first rows. A new product has id 0 until it gets its own.
    pub writes: Vec<Write>,
    /// What became of the given rows.
    counts: ImportCounts,
    notes: ImportNotes,
    rejects: Vec<RejectedRow>,
}

/// One product to write.
#[derive(Debug)]
pub(super) struct Write {
    /// The last row that alters it.
    line: u64,
    /// The product as it is stored; `None` for a new one.
    pub before: Option<Product>,
    pub after: Product,
}

impl Merged {
    /// Products that are new.
    pub(super) fn created(&self) -> usize {
        usize::try_from(self.counts.created).unwrap_or(usize::MAX)
    }

    /// What the batch has to say, the warnings in file order.
    fn take_notes(&mut self) -> ImportNotes {
        let mut notes = std::mem::take(&mut self.notes);
        notes.warnings.sort_by_key(|warning| warning.line);
        notes
    }

    /// The first known products that are altered.
    fn changes(&self) -> Vec<ProductChange> {
        let altered = self.writes.iter().filter_map(|write| {
            let before = write.before.as_ref()?;
            Some(ProductChange::new(write.line, before, &write.after))
        });
        altered.take(ProductChange::MAX_SAMPLE).collect()
    }

    /// Gives new products their ids.
    pub(super) fn number(&mut self, ids: impl IntoIterator<Item = i64>) {
        let new = self
            .writes
            .iter_mut()
            .filter(|write| write.before.is_none());
        for (write, id) in new.zip(ids) {
            write.after.id = id;
        }
    }

    /// The events of all writes, in their order; low-stock warnings are added to the digest.
    pub(super) fn events(
        &self,
        context: EventContext<'_>,
        low_stock: &mut LowStockDigest,
    ) -> Vec<EventDraft> {
        let mut drafts = Vec::with_capacity(self.writes.len());
        for write in &self.writes {
            drafts.extend(match &write.before {
                None => event::created(&write.after, context),
                Some(before) => event::updated(before, &write.after, context),
            });
        }
        for draft in &drafts {
            if let EventData::LowStockWarning(warning) = draft.data() {
                low_stock.add(warning);
            }
        }
        drafts
    }
}

fn merge(known: Known<'_>, rows: Vec<ParsedRow>) -> Merged {
    let mut merging = Merging {
        slots: Vec::with_capacity(rows.len()),
        places: HashMap::with_capacity(rows.len()),
        merged: Merged::default(),
        known,
    };
    merging.merged.counts.rows = rows.len() as u64;
    for row in rows {
        merging.row(row);
    }
    merging.finish()
}

struct Merging<'a> {
    known: Known<'a>,
    slots: Vec<PendingProduct>,
    /// Where the product with this key is in `slots`.
    places: HashMap<RowKey, usize>,
    merged: Merged,
}

impl Merging<'_> {
    fn row(&mut self, row: ParsedRow) {
        let mode = self.known.plan.mode;
        let key = match self.key(&row) {
            Ok(key) => key,
            Err(conflict) => {
                return self.reject(row, conflict.code, conflict.message, conflict.hint);
            }
        };
        let place = key.as_ref().and_then(|key| self.places.get(key).copied());
        let stored = key.as_ref().filter(|key| self.known.products.contains(key));
        match (mode, place, stored) {
            (ImportMode::Create, Some(_), _) | (ImportMode::Create, _, Some(_)) => {
                self.reject_duplicate(row, place);
            }
            (ImportMode::Skip, Some(place), _) => self.skip_repeated(&row, place),
            (ImportMode::Skip, None, Some(_)) => {
                self.merged.notes.skips.add(SkipReason::Existing);
            }
            (ImportMode::Update, None, None) => self.reject_unknown(row),
            (ImportMode::Upsert | ImportMode::Update, Some(place), _) => self.replace(row, place),
            (ImportMode::Upsert | ImportMode::Update, None, Some(_)) => self.meet(row, key),
            (_, None, None) => match row.product.missing() {
                None => self.create(row, key),
                Some(field) => self.reject_incomplete(row, field),
            },
        }
    }

    /// The key of the row's product. One without a sku may get one that is free.
    fn key(&self, row: &ParsedRow) -> Result<Option<RowKey>, KeyConflict> {
        let key = self.known.products.key(row)?;
        let (Some(RowKey::Id(_)), Some(sku)) = (&key, &row.product.sku) else {
            return Ok(key);
        };
        let wanted = RowKey::Sku(sku.clone());
        let (place, own) = (self.places.get(&wanted), key.as_ref());
        let own = own.and_then(|key| self.places.get(key));
        if self.known.products.contains(&wanted) || place.is_some() && place != own {
            return Err(KeyConflict {
                code: DUPLICATE_CODE,
                message: format!("another product already has the sku {sku:?}"),
                hint: "give the product a sku that is free, or leave it blank",
            });
        }
        Ok(key)
    }

    /// The place of a row's product, after those that are there.
    fn place(&mut self, row: &ParsedRow, key: Option<RowKey>) {
        let place = self.slots.len();
        let sku = row.product.sku.clone().map(RowKey::Sku);
        let keys = key.into_iter().chain(sku);
        self.places.extend(keys.map(|key| (key, place)));
    }

    /// The first row of a stored product.
    fn meet(&mut self, mut row: ParsedRow, key: Option<RowKey>) {
        let products = &mut self.known.products;
        if let Some(before) = key.as_ref().and_then(|key| products.take(key)) {
            let is_warned = self.take_warnings(&mut row);
            let mut slot = PendingProduct {
                line: row.line,
                is_warned,
                after: before.clone(),
                before: Some(before),
            };
            slot.apply(&row, self.known.at);
            self.place(&row, key);
            self.slots.push(slot);
        }
    }

    fn create(&mut self, mut row: ParsedRow, key: Option<RowKey>) {
        self.merged.notes.without_key += u64::from(row.product.sku.is_none());
        self.place(&row, key);
        let is_warned = self.take_warnings(&mut row);
        let seller = self.known.seller.clone();
        if let Some(product) = row.product.complete() {
            self.slots.push(PendingProduct {
                line: row.line,
                is_warned,
                before: None,
                after: product.into_product(0, seller, self.known.at),
            });
        }
    }

    /// A later row with the same key wins; the earlier one is skipped.
    fn replace(&mut self, mut row: ParsedRow, place: usize) {
        let is_warned = self.take_warnings(&mut row);
        let Some(slot) = self.slots.get_mut(place) else {
            return;
        };
        slot.apply(&row, self.known.at);
        let was_warned = std::mem::replace(&mut slot.is_warned, is_warned);
        let earlier = std::mem::replace(&mut slot.line, row.line);
        let message = format!(
            "{} stands in line {} again, which wins",
            row_name(&row),
            row.line
        );
        self.warn_repeated(earlier, was_warned, message);
    }

    /// In the mode `skip` the first row with a key wins.
    fn skip_repeated(&mut self, row: &ParsedRow, place: usize) {
        let Some(slot) = self.slots.get(place) else {
            return;
        };
        let message = format!(
            "{} stands in line {} already, which wins",
            row_name(row),
            slot.line
        );
        self.warn_repeated(row.line, false, message);
    }

    fn warn_repeated(&mut self, line: u64, was_warned: bool, message: String) {
        let column = self.column(ProductField::Sku);
        let notes = &mut self.merged.notes;
        notes.skips.add(SkipReason::Duplicate);
        notes.warned += u64::from(!was_warned);
        notes.warnings.push(RowWarning {
            line,
            column,
            code: DUPLICATE_CODE.to_owned(),
            message,
        });
    }

    /// Books the warnings of a row that goes in; whether there are any.
    fn take_warnings(&mut self, row: &mut ParsedRow) -> bool {
        let is_warned = !row.warnings.is_empty();
        let notes = &mut self.merged.notes;
        notes.warned += u64::from(is_warned);
        notes.warnings.append(&mut row.warnings);
        is_warned
    }

    /// The file's name of the field's column.
    fn column(&self, field: ProductField) -> String {
        let mut columns = self.known.plan.columns.iter();
        let found = columns.find(|column| column.role == ColumnRole::Field(field));
        found.map_or_else(String::new, |column| column.header.clone())
    }

    fn reject_duplicate(&mut self, row: ParsedRow, place: Option<usize>) {
        let name = row_name(&row);
        let message = match place.and_then(|place| self.slots.get(place)) {
            Some(slot) => format!("{name} stands in line {} already", slot.line),
            None => format!("another product already has {name}"),
        };
        let hint = "use the mode upsert to update products by their sku";
        self.reject(row, DUPLICATE_CODE, message, hint);
    }

    fn reject_unknown(&mut self, row: ParsedRow) {
        let message = format!("no product has {}", row_name(&row));
        let hint = "use the mode upsert to create products that are missing";
        self.reject(row, "PRODUCT_NOT_FOUND", message, hint);
    }

    /// A row whose product is not known and lacks what a new one needs.
    fn reject_incomplete(&mut self, row: ParsedRow, missing: ProductField) {
        let field = missing.as_str();
        let name = row_name(&row);
        let message = format!("{field} is required: no product has {name} yet");
        let hint = match self.column(missing).as_str() {
            "" => format!("name its column with map=<column>={field}, or check the sku"),
            _ => "fill in the cell, or check the sku".to_owned(),
        };
        self.reject_for(missing, row, "REQUIRED", message, &hint);
    }

    fn reject(&mut self, row: ParsedRow, code: &str, message: String, hint: &str) {
        self.reject_for(ProductField::Sku, row, code, message, hint);
    }

    fn reject_for(
        &mut self,
        field: ProductField,
        row: ParsedRow,
        code: &str,
        message: String,
        hint: &str,
    ) {
        let column = self.column(field);
        self.merged.counts.rejected += 1;
        self.merged.rejects.push(RejectedRow {
            line: row.line,
            column,
            code: code.to_owned(),
            message,
            hint: hint.to_owned(),
            record: row.record,
        });
    }

    fn finish(mut self) -> Merged {
        for slot in self.slots {
            let counts = &mut self.merged.counts;
            let after = match &slot.before {
                None => {
                    counts.created += 1;
                    slot.after
                }
                Some(before) if *before == slot.after => {
                    counts.unchanged += 1;
                    continue;
                }
                // Never earlier than the last change, even if the clock was set back.
                Some(before) => {
                    counts.updated += 1;
                    slot.after.touched(self.known.at.max(before.updated_at))
                }
            };
            self.merged.writes.push(Write {
                line: slot.line,
                before: slot.before,
                after,
            });
        }
        self.merged
    }
}
