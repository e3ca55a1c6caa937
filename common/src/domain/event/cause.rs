//! Which events a change causes: pure functions from products before and after to drafts.

use super::{
    DeletedData, EventData, EventDraft, FieldChange, FieldChanges, ImportData, LowStockData,
    ProductData, units,
};
use crate::domain::{clock::Timestamp, product::Product};

/// What every event constructor needs to know besides the product.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventContext<'a> {
    /// The configured low-stock threshold.
    pub default_threshold: i32,
    /// The import that makes the change.
    pub import_id: Option<&'a str>,
    /// Why the stock was changed.
    pub reason: Option<&'a str>,
}

/// A new product: ProductCreated, and LowStockWarning if it starts low.
pub fn created(product: &Product, context: EventContext<'_>) -> Vec<EventDraft> {
    created_or_restored(product, context, false)
}

/// How many events `created` builds.
pub fn created_count(product: &Product, context: EventContext<'_>) -> usize {
    1 + usize::from(product.is_low(context.default_threshold))
}

/// A deleted product came back: ProductCreated with `restored`, and LowStockWarning if it is low.
pub fn restored(product: &Product, context: EventContext<'_>) -> Vec<EventDraft> {
    created_or_restored(product, context, true)
}

fn created_or_restored(
    product: &Product,
    context: EventContext<'_>,
    restored: bool,
) -> Vec<EventDraft> {
    let data = ProductData {
        restored,
        ..product_data(product, context)
    };
    let mut drafts = vec![EventDraft {
        version: product.version,
        data: EventData::ProductCreated(data),
    }];
    if product.is_low(context.default_threshold) {
        drafts.push(low_stock(product, None, context));
    }
    drafts
}

/// A changed product: ProductUpdated, and LowStockWarning only when the quantity crosses from at
/// or above its threshold to below. Nothing when both are the same version.
pub fn updated(before: &Product, after: &Product, context: EventContext<'_>) -> Vec<EventDraft> {
    if before.version == after.version {
        return Vec::new();
    }
    let data = ProductData {
        changes: Some(changes(before, after, context.default_threshold)),
        reason: context.reason.map(str::to_owned),
        ..product_data(after, context)
    };
    let mut drafts = vec![EventDraft {
        version: after.version,
        data: EventData::ProductUpdated(data),
    }];
    let default = context.default_threshold;
    let fell = after.quantity < before.quantity;
    if fell && before.quantity >= after.threshold(default) && after.is_low(default) {
        drafts.push(low_stock(after, Some(before.quantity), context));
    }
    drafts
}

/// A deleted product, in the version that the deletion gave it.
pub fn deleted(product: &Product, deleted_at: Timestamp, context: EventContext<'_>) -> EventDraft {
    EventDraft {
        version: product.version,
        data: EventData::ProductDeleted(DeletedData {
            product_id: product.id,
            seller_id: product.seller_id.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price: product.price,
            quantity: product.quantity,
            low_stock_threshold: product.threshold(context.default_threshold),
            deleted_at,
            import_id: context.import_id.map(str::to_owned),
        }),
    }
}

/// An import that ended, however it did.
pub fn import_completed(data: ImportData) -> EventDraft {
    EventDraft {
        version: 1,
        data: EventData::ImportCompleted(data),
    }
}

fn product_data(product: &Product, context: EventContext<'_>) -> ProductData {
    ProductData {
        product_id: product.id,
        seller_id: product.seller_id.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        price: product.price,
        quantity: product.quantity,
        category: product.category.clone(),
        sku: product.sku.clone(),
        low_stock_threshold: product.threshold(context.default_threshold),
        created_at: product.created_at,
        updated_at: product.updated_at,
        import_id: context.import_id.map(str::to_owned),
        restored: false,
        changes: None,
        reason: None,
    }
}

fn low_stock(product: &Product, previous: Option<i32>, context: EventContext<'_>) -> EventDraft {
    let threshold = product.threshold(context.default_threshold);
    let units = units(product.quantity);
    EventDraft {
        version: product.version,
        data: EventData::LowStockWarning(LowStockData {
            product_id: product.id,
            seller_id: product.seller_id.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price: product.price,
            quantity: product.quantity,
            threshold,
            previous_quantity: previous,
            message: format!(
                "{} is low: {units} left (threshold {threshold})",
                product.name
            ),
            import_id: context.import_id.map(str::to_owned),
        }),
    }
}

fn changes(before: &Product, after: &Product, default_threshold: i32) -> FieldChanges {
    fn change<T: Clone + PartialEq>(old: &T, new: &T) -> Option<FieldChange<T>> {
        (old != new).then(|| FieldChange {
            old: old.clone(),
            new: new.clone(),
        })
    }
    let thresholds =
        (before.low_stock_threshold != after.low_stock_threshold).then(|| FieldChange {
            old: before.threshold(default_threshold),
            new: after.threshold(default_threshold),
        });
    FieldChanges {
        name: change(&before.name, &after.name),
        description: change(&before.description, &after.description),
        price: change(&before.price, &after.price),
        quantity: change(&before.quantity, &after.quantity),
        category: change(&before.category, &after.category),
        sku: change(&before.sku, &after.sku),
        low_stock_threshold: thresholds,
        attributes: change(&before.attributes, &after.attributes),
    }
}
