//! What a row says about each field, before the rules look at it.

use std::borrow::Cow;

use super::{FieldSet, ProductField};

/// A text per field: `None` when the row has no such cell, blank when the cell is blank.
#[derive(Debug, Default)]
pub(super) struct RowFields<'a> {
    texts: [Option<Cow<'a, str>>; 7],
    warnings: Vec<FieldWarning>,
    /// The fields whose numbers are not in the style of their columns.
    refused: FieldSet,
}

/// What a field's text is otherwise than the file has it.
#[derive(Debug)]
pub(super) struct FieldWarning {
    pub(super) field: ProductField,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl<'a> RowFields<'a> {
    /// The text of the field's cell, if there is a cell.
    pub(super) fn get(&self, field: ProductField) -> Option<&str> {
        self.texts.get(field as usize)?.as_deref()
    }

    /// The text, blank without a cell.
    pub(super) fn text(&self, field: ProductField) -> &str {
        self.get(field).unwrap_or_default()
    }

    pub(super) fn is_blank(&self, field: ProductField) -> bool {
        self.text(field).trim().is_empty()
    }

    pub(super) fn set(&mut self, field: ProductField, text: impl Into<Cow<'a, str>>) {
        if let Some(slot) = self.texts.get_mut(field as usize) {
            *slot = Some(text.into());
        }
    }

    /// Notes that a field's number is not in the style of its column.
    pub(super) fn refuse(&mut self, field: ProductField) {
        self.refused |= FieldSet::of(field);
    }

    pub(super) const fn is_refused(&self, field: ProductField) -> bool {
        self.refused.contains(FieldSet::of(field))
    }

    /// Notes that a field goes in otherwise than written.
    pub(super) fn warn(&mut self, field: ProductField, code: &'static str, message: String) {
        self.warnings.push(FieldWarning {
            field,
            code,
            message,
        });
    }

    pub(super) fn warnings(&self) -> &[FieldWarning] {
        &self.warnings
    }
}
