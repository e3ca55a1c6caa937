//! What only shows on real engines: several daemons on one set of them, engines that are killed
//! and frozen, messages read by other programs and replayed.

mod benchmarks;
mod history;
mod messages;
mod nodes;
mod outages;
mod outcomes;
mod relay;
mod streams;

/// Every engine as a server.
const ALL: [&str; 5] = ["postgres", "redis", "kafka", "dynamodb", "s3"];
