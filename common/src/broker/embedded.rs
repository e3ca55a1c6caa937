//! pending
pub(super) async fn connect(
    _: &std::path::Path,
    _: u32,
) -> crate::error::Result<std::sync::Arc<dyn super::Broker>> {
    Err(crate::error::Error::Unavailable {
        engine: "pending",
        reason: String::new(),
    })
}
