//! Migrations that do not fit what is stored.

use sqlx::migrate::MigrateError;

use crate::domain::{error::Error, product::FieldError};

/// The error of a start that waiting does not mend: the stored schema is that of another version of
/// this program. `setting` names the place. `None`: what failed may pass.
pub(crate) fn other_schema(error: &MigrateError, setting: &str) -> Option<Error> {
    match error {
        MigrateError::VersionMissing(_)
        | MigrateError::VersionMismatch(_)
        | MigrateError::VersionTooNew(..)
        | MigrateError::VersionTooOld(..) => {
            let reason = format!(
                "leads to the schema of another version of pmd ({error}); start that version or a newer one"
            );
            Some(FieldError::new(setting, "schema", &reason, "").into())
        }
        _ => None,
    }
}
