//! What both SQL engines share: how rows of the same shape are read, and what a list is. The
//! statements themselves are each engine's own.

pub(super) mod import_row;
pub(super) mod listing;
