//! How the database is opened: the options of every connection, the schema, and which failures end
//! the start.

use std::{fmt, io::ErrorKind, str::FromStr, time::Duration};

use sqlx::{ConnectOptions, migrate::MigrateError, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::{
    IMPORT_TIMEOUT, MIGRATOR, REQUEST_TIMEOUT,
    failure::{failed, unavailable},
    layout::TableLayout,
};
use crate::{
    config::Server,
    domain::{
        error::{Error, Result},
        product::FieldError,
    },
    engines::migration::other_schema,
};

const URL_SETTING: &str = "DATABASE_URL";
/// Creating an index on a large table takes its time.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(600);
/// Classes of answers that stay the same: who may enter (28), which database (3D), what is allowed
/// there (42501).
const LASTING_CODES: [&str; 3] = ["28", "3D", "42501"];

/// How every connection is opened. The server gives up a little later than we do, so that abandoned
/// work does not go on; compiling a statement costs more than it saves here. A plan
/// made while a table was empty would read all of it for a long time: every statement has an index.
pub(super) fn options(server: &Server) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(server.url.expose());
    // The error of the driver may show the URL. Waiting does not mend it.
    let unreadable = "is not understood: a parameter behind its ? is wrong, such as sslmode";
    let options = options.map_err(|_| FieldError::new(URL_SETTING, "format", unreadable, ""))?;
    Ok(options.application_name("pmd").options([
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("jit", "off"),
        ("enable_seqscan", "off"),
        // What a transaction sets for itself holds on the nodes of a cluster, too.
        ("citus.propagate_set_commands", "local"),
    ]))
}

/// Those of the import workers, whose statements are longer.
pub(super) fn import_options(options: &PgConnectOptions) -> PgConnectOptions {
    let seconds = IMPORT_TIMEOUT.as_secs() + 1;
    let options = options.clone().application_name("pmd import");
    options.options([
        ("statement_timeout", format!("{seconds}s")),
        // See `import_products::find`.
        ("enable_sort", "off".to_owned()),
    ])
}

/// Several daemons may start at the same time: an advisory lock lets one migrate, the others wait
/// for it and find nothing left to do.
pub(super) async fn migrate(options: &PgConnectOptions) -> Result<TableLayout> {
    let options = options.clone().options([("statement_timeout", "0")]);
    let connecting = timeout(REQUEST_TIMEOUT, options.connect()).await;
    let late = || unavailable(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs()));
    let mut connection = connecting.map_err(|_| late())?.map_err(|e| refused(&e))?;
    let layout = TableLayout::read(&mut connection).await?;
    let migrating = timeout(MIGRATION_TIMEOUT, MIGRATOR.run(&mut connection)).await;
    migrating
        .map_err(|_| unavailable("the migration takes too long"))?
        .map_err(|error| not_migrated(&error))?;
    Ok(layout)
}

fn not_migrated(error: &MigrateError) -> Error {
    if let Some(error) = other_schema(error, URL_SETTING) {
        return error;
    }
    match error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
            match refused(cause) {
                Error::Unavailable { reason, .. } => {
                    unavailable(format!("cannot migrate: {reason}"))
                }
                lasting => lasting,
            }
        }
        other => unavailable(format!("cannot migrate: {other}")),
    }
}

/// Why a connection was not opened. What waiting does not mend is an error of the setting: the start
/// ends at once.
fn refused(error: &sqlx::Error) -> Error {
    let lasting = match error {
        sqlx::Error::Database(answer) => answer
            .code()
            .filter(|code| LASTING_CODES.iter().any(|class| code.starts_with(class)))
            .map(|_| format!("is refused by the server: {}", answer.message())),
        sqlx::Error::Tls(reason) => Some(tls_failed(reason)),
        sqlx::Error::Io(reason) if reason.kind() == ErrorKind::InvalidData => {
            Some(tls_failed(reason))
        }
        sqlx::Error::Configuration(reason) => Some(format!("cannot be used: {reason}")),
        _ => None,
    };
    lasting.map_or_else(
        || failed(error),
        |reason| FieldError::new(URL_SETTING, "refused", &reason, "").into(),
    )
}

fn tls_failed(reason: impl fmt::Display) -> String {
    format!(
        "allows no connection: {reason}. sslmode=disable does without TLS; sslmode=verify-full with \
         sslrootcert=FILE trusts the authority in a file; a server certificate has to be X.509 v3"
    )
}
