//! What the library's unit tests share: the settings of the engines under test, their own tables
//! and servers, sample values, and random histories. `lib.rs` includes it for tests only.

pub(crate) mod commit_proxy;
#[cfg(feature = "aws")]
pub(crate) mod dynamodb;
pub(crate) mod history;
pub(crate) mod redis_server;
pub(crate) mod samples;

/// An environment variable that `dev/engines env` prints.
///
/// # Panics
/// When it is not set.
pub(crate) fn engine_setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set; dev/test starts the engines, or: eval \"$(dev/engines up && dev/engines env)\"")
    })
}
