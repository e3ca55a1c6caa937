//! What tests of server adapters need to know of the engines they run against.

/// A setting of `dev/engines env`.
///
/// # Panics
/// When it is not set.
pub(crate) fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set; dev/test starts the engines, or: eval \"$(dev/engines up && dev/engines env)\"")
    })
}
