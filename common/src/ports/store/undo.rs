//! What an import did to its products, and how that is put back: pure, the same for every engine.
//!
//! With each batch the ids of its new products are kept, and of those it altered what was there
//! before. An undo takes these records in parts. A product that still has the version the import
//! left it with is put back; every other one was changed since, stays as it is, and is named.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{batch::Write, change::Rules};
use crate::domain::{
    clock::{self, Timestamp},
    error::{Conflict, Result},
    event::{self, EventContext, EventData, EventDraft, ImportGroup},
    import_job::{Checkpoint, ImportId, ImportJob, NewImport, RunOptions},
    money::Price,
    product::{Attributes, Product, ProductId},
    product_csv::{ImportPlan, RejectedRow, RepeatPolicy},
};

/// Products put back in one transaction: it is short, and others get their turn.
pub(super) const MAX_UNDO_PRODUCTS: usize = 1000;

/// The fields that an import altered, as they were before. Each value stands in a list of its own:
/// where records are merged, a value that is null is told from none.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FormerFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<[Option<String>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<[Price; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<[i32; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<[Option<String>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    low_stock_threshold: Option<[Option<i32>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<[Option<Attributes>; 1]>,
}

impl FormerFields {
    pub(super) fn of(before: &Product, after: &Product) -> Self {
        fn former<T: Clone + PartialEq>(before: &T, after: &T) -> Option<[T; 1]> {
            (before != after).then(|| [before.clone()])
        }
        Self {
            name: former(&before.name, &after.name),
            description: former(&before.description, &after.description),
            price: former(&before.price, &after.price),
            quantity: former(&before.quantity, &after.quantity),
            category: former(&before.category, &after.category),
            sku: former(&before.sku, &after.sku),
            low_stock_threshold: former(&before.low_stock_threshold, &after.low_stock_threshold),
            attributes: former(&before.attributes, &after.attributes),
        }
    }

    /// The product with these fields.
    fn restored(self, product: &Product) -> Product {
        fn set<T>(field: &mut T, former: Option<[T; 1]>) {
            if let Some([value]) = former {
                *field = value;
            }
        }
        let mut next = product.clone();
        set(&mut next.name, self.name);
        set(&mut next.description, self.description);
        set(&mut next.price, self.price);
        set(&mut next.quantity, self.quantity);
        set(&mut next.category, self.category);
        set(&mut next.sku, self.sku);
        set(&mut next.low_stock_threshold, self.low_stock_threshold);
        set(&mut next.attributes, self.attributes);
        next
    }
}

/// What is kept of a batch, for an undo.
#[derive(Debug, Default)]
pub(super) struct UndoRecords {
    /// The first and last ids of runs of new products.
    pub created: Vec<(ProductId, ProductId)>,
    /// The products altered: id, version after the batch, former fields.
    pub updated: Vec<(ProductId, i64, FormerFields)>,
}

impl UndoRecords {
    /// Of products that have their ids.
    pub(super) fn of(writes: &[Write]) -> Self {
        let mut records = Self::default();
        for Write { before, after, .. } in writes {
            match (before, records.created.last_mut()) {
                (Some(before), _) => {
                    let former = FormerFields::of(before, after);
                    records.updated.push((after.id, after.version, former));
                }
                (None, Some((_, last))) if *last + 1 == after.id => *last = after.id,
                (None, _) => records.created.push((after.id, after.id)),
            }
        }
        records
    }
}

/// What an import did to a product.
#[derive(Debug)]
pub(super) struct ImportEffect {
    pub id: ProductId,
    /// The version that the import left it with.
    pub version: i64,
    /// `None`: the import created it.
    pub former: Option<FormerFields>,
}

impl ImportEffect {
    /// The sku that the product would get back.
    pub(super) fn former_sku(&self) -> Option<&str> {
        let [sku] = self.former.as_ref()?.sku.as_ref()?;
        sku.as_deref()
    }
}

/// The first ids of these runs, as many as an undo takes at once, and the rest of the run in which
/// they end.
pub(super) fn take_ids(
    runs: &[(ProductId, ProductId)],
) -> (Vec<ProductId>, Option<(ProductId, ProductId)>) {
    let mut ids = Vec::new();
    for (first, last) in runs {
        let free = MAX_UNDO_PRODUCTS - ids.len();
        ids.extend((*first..=*last).take(free));
        if ids.len() == MAX_UNDO_PRODUCTS {
            let next = ids.last().map_or(*first, |id| id + 1);
            return (ids, (next <= *last).then_some((next, *last)));
        }
    }
    (ids, None)
}

/// The job that undoes this one; an error when that cannot be.
pub(super) fn new_undo(job: &ImportJob, id: ImportId) -> Result<NewImport> {
    let reason = match job {
        job if !job.status.is_final() => Some("it has not ended yet"),
        job if job.undo_of.is_some() => Some("it is an undo itself"),
        job if job.run.dry_run => Some("it was a dry run, which changes nothing"),
        job if job.undone => Some("it was undone already"),
        job if job.undone_by.is_some() => Some("its undo is under way"),
        job if job.counts.created + job.counts.updated == 0 => Some("it changed nothing"),
        job if !job.undo_kept => Some("it is too old: what it changed is not known any more"),
        _ => None,
    };
    if let Some(reason) = reason {
        return Err(Conflict::NotUndoable { reason }.into());
    }
    Ok(NewImport {
        id,
        file_name: format!("{} (undo)", job.file_name),
        bytes_total: 0,
        sha256: String::new(),
        plan: ImportPlan::of_undo(),
        run: RunOptions::default(),
        on_repeat: RepeatPolicy::Accept,
        undo_of: Some(job.id.clone()),
    })
}

/// What an undo finds of the products it meets.
#[derive(Debug)]
pub(super) struct UndoState {
    /// With the time of their deletion.
    pub products: HashMap<ProductId, (Product, Option<Timestamp>)>,
    /// Skus of live products, of those that products would get back.
    pub taken: HashSet<String>,
}

/// What a part of an undo does.
#[derive(Debug)]
pub(super) struct UndoPlan {
    /// The job after it.
    pub job: ImportJob,
    /// The next versions of products, with the time of their deletion.
    pub puts: Vec<(Product, Option<Timestamp>)>,
    pub drafts: Vec<EventDraft>,
    /// Products that are deleted.
    pub deleted: i64,
    /// The products that stay, with their numbers within the undo.
    pub rejects: Vec<(u64, RejectedRow)>,
}

impl UndoPlan {
    /// Decides what becomes of the products.
    pub(super) fn new(
        mut job: ImportJob,
        rules: Rules,
        effects: Vec<ImportEffect>,
        mut state: UndoState,
    ) -> Self {
        job.counts.rows += effects.len() as u64;
        job.checkpoint.batch += 1;
        let mut plan = Self {
            job,
            puts: Vec::with_capacity(effects.len()),
            drafts: Vec::with_capacity(effects.len()),
            deleted: 0,
            rejects: Vec::new(),
        };
        for effect in effects {
            match state.products.remove(&effect.id) {
                // What the import created is gone already.
                None => plan.job.counts.unchanged += 1,
                Some((_, Some(_))) if effect.former.is_none() => plan.job.counts.unchanged += 1,
                Some((product, Some(_))) => {
                    let why = "the product was deleted after the import";
                    plan.leave(&product, "DELETED_SINCE", why);
                }
                Some((product, None)) if product.version != effect.version => {
                    let why = format!(
                        "the product was changed after the import: version {} became {}",
                        effect.version, product.version
                    );
                    plan.leave(&product, "CHANGED_SINCE", &why);
                }
                Some((product, None)) => plan.put_back(rules, &product, effect, &state.taken),
            }
        }
        plan.note_low_stock();
        plan
    }

    fn put_back(
        &mut self,
        rules: Rules,
        product: &Product,
        effect: ImportEffect,
        taken: &HashSet<String>,
    ) {
        // Never earlier than the last change, even if the clock was set back.
        let at = clock::now().max(product.updated_at);
        let sku_is_taken = effect.former_sku().is_some_and(|sku| taken.contains(sku));
        let import_id = self.job.id.clone();
        let context = EventContext {
            import_id: Some(&import_id),
            ..rules.context()
        };
        let Some(former) = effect.former else {
            let next = product.clone().touched(at);
            self.drafts.push(event::deleted(&next, at, context));
            self.puts.push((next, Some(at)));
            self.deleted += 1;
            self.job.notes.deleted += 1;
            self.job.counts.updated += 1;
            return;
        };
        let next = former.restored(product);
        if next == *product {
            self.job.counts.unchanged += 1;
        } else if sku_is_taken {
            let why = "another product has its former sku now";
            self.leave(product, "DUPLICATE_SKU", why);
        } else {
            let next = next.touched(at);
            self.drafts.extend(event::updated(product, &next, context));
            self.puts.push((next, None));
            self.job.counts.updated += 1;
        }
    }

    fn leave(&mut self, product: &Product, code: &str, message: &str) {
        self.job.counts.rejected += 1;
        let number = self.job.counts.rejected;
        let cells = [
            product.id.to_string(),
            product.sku.clone().unwrap_or_default(),
            product.name.clone(),
        ];
        self.rejects.push((
            number,
            RejectedRow {
                // Its line in the file of those that stay, below the header.
                line: number + 1,
                column: String::new(),
                code: code.to_owned(),
                message: format!("{message} (id {}, {:?})", product.id, product.name),
                hint: "`restore`, update or delete it yourself, if it should be as before"
                    .to_owned(),
                record: record(&cells),
            },
        ));
    }

    fn note_low_stock(&mut self) {
        for draft in &self.drafts {
            if let EventData::LowStockWarning(warning) = draft.data() {
                self.job.low_stock.add(warning);
            }
        }
    }

    /// What all events of the part are about.
    pub(super) fn group(&self, first_sequence: i64) -> ImportGroup {
        ImportGroup {
            import_id: self.job.id.clone(),
            file_name: self.job.file_name.clone(),
            first_sequence,
            bytes_done: 0,
            bytes_total: 0,
            counts: self.job.counts,
        }
    }
}

/// A record of a CSV file, without its line end.
fn record(cells: &[String]) -> Vec<u8> {
    let quoted = cells.iter().map(|cell| {
        if cell.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",").into_bytes()
}

/// Whether the part that a worker is about to commit is the job's next.
pub(super) fn is_next(job: &ImportJob, from: &Checkpoint) -> bool {
    !job.cancel_requested && job.checkpoint == *from && job.undo_of.is_some()
}
