//! Where the tables lie: all on one server, or spread over the nodes of a Citus cluster by seller.
//! It is looked up once, when the store is opened.

use sqlx::PgConnection;

use super::failure::failed;
use crate::domain::{
    error::{Error, Result},
    product::FieldError,
};

/// Which form a statement takes. One server answers for all sellers in one statement; a cluster
/// answers for one seller from one node, and for several from every node that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableLayout {
    OneServer,
    Distributed,
}

impl TableLayout {
    /// Asks the server. Fails when it is a worker of a cluster: what is created there is not
    /// distributed, and its transactions are not those of the coordinator.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self> {
        let has_roles = "SELECT to_regproc('citus_is_coordinator') IS NOT NULL";
        if ask(connection, has_roles).await?
            && !ask(connection, "SELECT citus_is_coordinator()").await?
        {
            return Err(not_the_coordinator());
        }
        let has_shards = "SELECT to_regclass('pg_dist_partition') IS NOT NULL";
        let spread = "SELECT EXISTS (SELECT FROM pg_dist_partition \
                      WHERE logicalrelid = to_regclass('products'))";
        if ask(connection, has_shards).await? && ask(connection, spread).await? {
            Ok(Self::Distributed)
        } else {
            Ok(Self::OneServer)
        }
    }
}

async fn ask(connection: &mut PgConnection, question: &'static str) -> Result<bool> {
    let answer = sqlx::query_scalar(question).fetch_one(connection).await;
    answer.map_err(|error| failed(&error))
}

fn not_the_coordinator() -> Error {
    let reason = "names a worker of a Citus cluster; name its coordinator";
    FieldError::new("DATABASE_URL", "worker", reason, "").into()
}
