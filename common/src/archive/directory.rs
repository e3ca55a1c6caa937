//! pending
pub(super) async fn connect(
    _: &std::path::Path,
) -> crate::error::Result<std::sync::Arc<dyn super::Archive>> {
    Err(crate::error::Error::Unavailable {
        engine: "pending",
        reason: String::new(),
    })
}
