//! How many connections and streams the process may hold: shares of its descriptor limit, so that
//! clients leave enough for files and engines, and streams leave enough for requests.

use std::fs;

/// Where Linux reports the limits of the process.
const LIMITS_FILE: &str = "/proc/self/limits";
/// The limit to assume where the system does not report it: the lowest default there is.
const ASSUMED_LIMIT: usize = 256;
/// Least and most descriptors that files and engines are left.
const MIN_OWN_DESCRIPTORS: usize = 96;
const MAX_OWN_DESCRIPTORS: usize = 256;
/// Those of them that engines need; the others are for files that are received.
const ENGINE_DESCRIPTORS: usize = 72;

/// What clients may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DescriptorShares {
    pub(super) connections: usize,
    /// Event streams of all sellers.
    pub(super) streams: usize,
    /// Event streams of one seller, whatever the setting says.
    pub(super) streams_per_seller: usize,
    /// Files received at the same time: each is open besides its connection.
    pub(super) uploads: usize,
    pub(super) uploads_per_seller: usize,
}

impl DescriptorShares {
    /// Of this process.
    pub(super) fn of_process() -> Self {
        let limits = fs::read_to_string(LIMITS_FILE).unwrap_or_default();
        Self::of(open_files(&limits).unwrap_or(ASSUMED_LIMIT))
    }

    fn of(limit: usize) -> Self {
        let own = (limit / 4).clamp(MIN_OWN_DESCRIPTORS, MAX_OWN_DESCRIPTORS);
        let connections = limit.saturating_sub(own).max(1);
        let uploads = own - ENGINE_DESCRIPTORS;
        Self {
            uploads,
            uploads_per_seller: uploads / 2,
            connections,
            streams: (connections - connections / 4).max(1),
            streams_per_seller: (connections / 4).max(1),
        }
    }
}

/// The soft limit of open files.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_soft_limit() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max processes             63519                63519                processes \n\
            Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(
            open_files(&limits.replace("1024", "unlimited")),
            Some(usize::MAX)
        );
        assert_eq!(open_files(""), None);
    }

    #[test]
    fn one_seller_never_has_most_of_the_connections() {
        for limit in [0, 64, 256, 1024, 20_000, usize::MAX] {
            let shares = DescriptorShares::of(limit);
            assert!(shares.streams_per_seller <= shares.streams, "{shares:?}");
            assert!(shares.streams <= shares.connections, "{shares:?}");
            assert!(
                limit < 256 || shares.streams < shares.connections - 32,
                "{shares:?}"
            );
        }
        assert_eq!(DescriptorShares::of(1024).connections, 768);
    }
}
