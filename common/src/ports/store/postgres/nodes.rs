//! The processes that use the database. All times are the server's.

use sqlx::PgConnection;

use super::failure::DbResult;
use crate::ports::store::StoreNode;

/// Writes this process down as present; one that returns in time keeps its place, one that was
/// forgotten comes last: others may have joined. Answers those that are
/// present and came before it: three announcements in a row may fail.
pub(super) async fn announce(
    connection: &mut PgConnection,
    node: &StoreNode,
) -> DbResult<Vec<StoreNode>> {
    sqlx::query(concat!(
        "INSERT INTO nodes (name, roles, embedded, joined_at, seen_at) \
         VALUES ($1, $2, $3, statement_timestamp(), statement_timestamp()) ",
        // A restarted process may have other roles and engines.
        "ON CONFLICT (name) DO UPDATE SET roles = excluded.roles, embedded = excluded.embedded, \
         seen_at = excluded.seen_at, ",
        // Who was not seen for so long was forgotten by the others below, and joins anew.
        "joined_at = CASE \
         WHEN nodes.seen_at > excluded.seen_at - interval '20 seconds' THEN nodes.joined_at \
         ELSE excluded.joined_at END",
    ))
    .bind(&node.name)
    .bind(&node.roles)
    .bind(&node.embedded)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM nodes WHERE seen_at < now() - interval '1 day'")
        .execute(&mut *connection)
        .await?;
    let others: Vec<(String, Vec<String>, Vec<String>)> = sqlx::query_as(
        "SELECT name, roles, embedded FROM nodes WHERE name <> $1 \
         AND seen_at > now() - interval '20 seconds' \
         AND joined_at < (SELECT joined_at FROM nodes WHERE name = $1) ORDER BY joined_at",
    )
    .bind(&node.name)
    .fetch_all(connection)
    .await?;
    let node = |(name, roles, embedded)| StoreNode {
        name,
        roles,
        embedded,
    };
    Ok(others.into_iter().map(node).collect())
}

/// Strikes this process off.
pub(super) async fn leave(connection: &mut PgConnection, name: &str) -> DbResult<()> {
    sqlx::query("DELETE FROM nodes WHERE name = $1")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}
