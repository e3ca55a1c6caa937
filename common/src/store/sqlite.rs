//! pending
pub(super) async fn connect(_: &std::path::Path, _: i32) -> crate::error::Result<super::Store> {
    Err(crate::error::Error::Unavailable {
        engine: "pending",
        reason: String::new(),
    })
}
