//! What a batch of an import does to the products it meets: pure, the same for every engine.
//!
//! Rows are taken in file order. Where a sku is in several rows of a batch, each later row
//! alters what the earlier ones made; the product is written once and the earlier rows count as
//! skipped.

use std::collections::HashMap;

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

/// Decides what every row of a job's next batch does. `by_sku` are the live products that have a
/// sku of the batch.
pub(super) fn book(
    mut job: ImportJob,
    batch: ImportBatch,
    by_sku: HashMap<String, Product>,
    at: Timestamp,
) -> Booked {
    let known = Known {
        seller: &job.seller_id,
        plan: &job.plan,
        by_sku,
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
    /// The live products that have a sku of the batch.
    by_sku: HashMap<String, Product>,
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

/// A product on its way through the rows of the batch. As long as it is here, `after` has the
/// version it is stored with, so that it equals `before` when nothing is altered in the end.
struct Slot {
    /// The last row that altered it, and whether that row has warnings.
    line: u64,
    is_warned: bool,
    before: Option<Product>,
    after: Product,
}

fn merge(known: Known<'_>, rows: Vec<ParsedRow>) -> Merged {
    let mut merging = Merging {
        slots: Vec::with_capacity(rows.len()),
        by_sku: HashMap::with_capacity(rows.len()),
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
    slots: Vec<Slot>,
    /// Where the product with this sku is in `slots`.
    by_sku: HashMap<String, usize>,
    merged: Merged,
}

impl Merging<'_> {
    fn row(&mut self, row: ParsedRow) {
        let mode = self.known.plan.mode;
        let sku = row.product.sku.as_deref();
        let place = sku.and_then(|sku| self.by_sku.get(sku).copied());
        let stored = sku.and_then(|sku| self.known.by_sku.get(sku));
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
            (ImportMode::Upsert | ImportMode::Update, None, Some(_)) => self.meet(row),
            (_, None, None) => match row.product.missing() {
                None => self.create(row),
                Some(field) => self.reject_incomplete(row, field),
            },
        }
    }

    /// The first row of a stored product.
    fn meet(&mut self, mut row: ParsedRow) {
        let sku = row.product.sku.as_deref().unwrap_or_default();
        if let Some((sku, before)) = self.known.by_sku.remove_entry(sku) {
            let is_warned = self.take_warnings(&mut row);
            let mut slot = Slot {
                line: row.line,
                is_warned,
                after: before.clone(),
                before: Some(before),
            };
            slot.apply(&row, self.known.at);
            self.by_sku.insert(sku, self.slots.len());
            self.slots.push(slot);
        }
    }

    fn create(&mut self, mut row: ParsedRow) {
        match &row.product.sku {
            Some(sku) => {
                self.by_sku.insert(sku.clone(), self.slots.len());
            }
            None => self.merged.notes.without_key += 1,
        }
        let is_warned = self.take_warnings(&mut row);
        let seller = self.known.seller.clone();
        if let Some(product) = row.product.complete() {
            self.slots.push(Slot {
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
            "the sku {:?} stands in line {} again, which wins",
            row.product.sku.as_deref().unwrap_or_default(),
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
            "the sku {:?} stands in line {} already, which wins",
            row.product.sku.as_deref().unwrap_or_default(),
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
        let sku = row.product.sku.as_deref().unwrap_or_default();
        let message = match place.and_then(|place| self.slots.get(place)) {
            Some(slot) => format!("the sku {sku:?} stands in line {} already", slot.line),
            None => format!("another product already has the sku {sku:?}"),
        };
        let hint = "use the mode upsert to update products by their sku";
        self.reject(row, DUPLICATE_CODE, message, hint);
    }

    fn reject_unknown(&mut self, row: ParsedRow) {
        let message = row.product.sku.as_deref().map_or_else(
            || "the row has no sku to find its product by".to_owned(),
            |sku| format!("no product has the sku {sku:?}"),
        );
        let hint = "use the mode upsert to create products that are missing";
        self.reject(row, "PRODUCT_NOT_FOUND", message, hint);
    }

    /// A row whose product is not known and lacks what a new one needs.
    fn reject_incomplete(&mut self, row: ParsedRow, missing: ProductField) {
        let sku = row.product.sku.as_deref().unwrap_or_default();
        let field = missing.as_str();
        let message = format!("{field} is required: no product has the sku {sku:?} yet");
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

impl Slot {
    fn apply(&mut self, row: &ParsedRow, at: Timestamp) {
        if let Some(altered) = row.applied_to(&self.after, at) {
            let (version, updated_at) = (self.after.version, self.after.updated_at);
            self.after = Product {
                version,
                updated_at,
                ..altered
            };
        }
    }
}
