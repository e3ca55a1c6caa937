//! Why a file is refused before its first row is read.

use std::fmt;

use crate::domain::product::FieldError;

/// The kind of refusal, one of the error codes of the HTTP interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanErrorCode {
    /// No column for a field that every product needs.
    MissingColumns,
    /// The bytes are not UTF-8 text.
    UnsupportedEncoding,
    /// Anything else: an empty file, a header past the limits, options that do not fit the file.
    ValidationError,
}

impl PlanErrorCode {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingColumns => "MISSING_COLUMNS",
            Self::UnsupportedEncoding => "UNSUPPORTED_ENCODING",
            Self::ValidationError => "VALIDATION_ERROR",
        }
    }
}

/// A file, or options for it, that cannot be imported. `errors` is never empty; its fields are
/// option names (`map`, `delimiter`, `mode`, `default`), our column names or `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    pub code: PlanErrorCode,
    pub errors: Vec<FieldError>,
}

impl PlanError {
    /// One fault of the kind `VALIDATION_ERROR`.
    pub(super) fn invalid(field: &str, constraint: &str, rest: &str) -> Self {
        Self {
            code: PlanErrorCode::ValidationError,
            errors: vec![FieldError::new(field, constraint, rest, "")],
        }
    }

    /// A file in bytes we do not read.
    pub(super) fn encoding(rest: &str) -> Self {
        Self {
            code: PlanErrorCode::UnsupportedEncoding,
            errors: vec![FieldError::new("file", "encoding", rest, "")],
        }
    }
}

/// An error of all these faults, if there is one.
pub(super) fn error_if_any(code: PlanErrorCode, errors: Vec<FieldError>) -> Result<(), PlanError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(PlanError { code, errors })
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.errors.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{}", error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanError {}
