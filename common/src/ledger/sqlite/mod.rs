//! pending
pub(super) async fn connect(
    _: &std::path::Path,
) -> crate::error::Result<std::sync::Arc<dyn super::Ledger>> {
    Err(crate::error::Error::Unavailable {
        engine: "pending",
        reason: String::new(),
    })
}
