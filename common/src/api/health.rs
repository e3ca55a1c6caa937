//! The wire types of `/health` and its parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;

/// How well a part or the whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    Healthy,
    Degraded,
    Unhealthy,
}

/// The answer of `/health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthOut {
    pub status: HealthStatus,
    /// When the services were asked.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// Seconds since the start.
    pub uptime: f64,
    pub version: String,
    pub services: ServicesOut,
    pub memory: MemoryOut,
}

/// Every dependency; embedded ones answer under the name of the engine they stand for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServicesOut {
    pub database: ServiceOut,
    pub redis: ServiceOut,
    pub kafka: ServiceOut,
    pub dynamodb: ServiceOut,
    pub s3: ServiceOut,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceOut {
    pub status: HealthStatus,
    pub response_time_ms: f64,
    /// Which engine serves it.
    pub note: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Only of `kafka`: messages committed and not yet published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox_backlog: Option<u64>,
    /// Only of `kafka`: how long the oldest of them has waited, in whole seconds; 0 when there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox_oldest_seconds: Option<u64>,
    /// Only of `kafka`: published messages not yet consumed, by group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_lag: Option<BTreeMap<String, u64>>,
}

/// The process' memory in MiB. The heap figures are those of the resident set: there is no
/// managed heap; the names stay for older dashboards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MemoryOut {
    pub rss_mb: f64,
    pub heap_used_mb: f64,
    pub heap_total_mb: f64,
    pub external_mb: f64,
}

/// The answer of `/health/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadyOut {
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// The answer of `/health/live`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveOut {
    pub status: String,
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    pub uptime: f64,
}
