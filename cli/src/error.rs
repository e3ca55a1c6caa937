//! The one error type of the command line: what went wrong, what to do next, and the exit code
//! for scripts.

use pm_common::{
    api::ErrorOut,
    client::{ClientError, RefusedRequest},
    domain::message_text::closest_word,
};
use serde_json::{Map, Value, json};

/// The exit codes; part of the interface, listed by `pm help exit-codes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    Ok = 0,
    Failure = 1,
    Usage = 2,
    Rejected = 3,
    NotAuthorised = 4,
    NotFound = 5,
    Conflict = 6,
    Unavailable = 7,
    RateLimited = 8,
    Unhealthy = 9,
    TooManyErrors = 10,
    Interrupted = 130,
}

/// The result of every command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) exit: ExitCode,
    /// For programs; the server's code where it has one.
    pub(crate) code: Box<str>,
    /// One sentence: what and where. Empty when the command has printed it already.
    pub(crate) message: Box<str>,
    pub(crate) details: Map<String, Value>,
    /// What to do next, one line each.
    pub(crate) hints: Vec<String>,
    pub(crate) request_id: Option<String>,
    /// Seconds that the server asks to wait.
    pub(crate) retry_after: Option<u32>,
}

impl Error {
    /// An error with its exit code.
    pub(crate) fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        let code = match exit {
            ExitCode::Ok => "OK",
            ExitCode::Failure => "FAILURE",
            ExitCode::Usage => "USAGE",
            ExitCode::Rejected => "ROWS_REJECTED",
            ExitCode::NotAuthorised => "NOT_AUTHORISED",
            ExitCode::NotFound => "NOT_FOUND",
            ExitCode::Conflict => "CONFLICT",
            ExitCode::Unavailable => "UNAVAILABLE",
            ExitCode::RateLimited => "RATE_LIMITED",
            ExitCode::Unhealthy => "UNHEALTHY",
            ExitCode::TooManyErrors => "TOO_MANY_ERRORS",
            ExitCode::Interrupted => "INTERRUPTED",
        };
        Self {
            exit,
            code: code.into(),
            message: message.into().into(),
            details: Map::new(),
            hints: Vec::new(),
            request_id: None,
            retry_after: None,
        }
    }

    /// Exit code 1.
    pub(crate) fn failure(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Failure, message)
    }

    /// Exit code 2: a flag, an argument or a setting is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// Only the exit code: the command has printed the rest.
    pub(crate) fn silent(exit: ExitCode) -> Self {
        Self::new(exit, "")
    }

    /// Adds the file, or other subject, of the error.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message).into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A file that cannot be used for what was asked.
    pub(crate) fn file(path: &std::path::Path, doing: &str, error: &std::io::Error) -> Self {
        Self::failure(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// The error as programs read it.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({
            "error_code": self.code,
            "message": self.message,
            "exit_code": self.exit as u8,
        });
        if !self.details.is_empty() {
            error["details"] = Value::Object(self.details.clone());
        }
        if !self.hints.is_empty() {
            error["hints"] = json!(self.hints);
        }
        if let Some(id) = &self.request_id {
            error["request_id"] = json!(id);
        }
        error
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Refused(refusal) => from_refusal(*refusal),
            ClientError::Unreachable { server, .. } => Self::new(ExitCode::Unavailable, message)
                .hint(format!(
                    "is the daemon running? start it with `pmd serve`, then `pm health --wait --server {server}`"
                ))
                .hint("another address: --server URL, PM_SERVER, or a context (`pm context create`)"),
            ClientError::Strange { .. } => Self::failure(message)
                .hint("is this the address of a pmd server? `pm version` shows both versions"),
            ClientError::BadServer(_) => Self::usage(message)
                .hint("an address looks like http://localhost:3001 (--server, PM_SERVER, `pm config list --origin`)"),
            ClientError::BadToken => Self::usage(message)
                .hint("store it again with `pm auth login --token-stdin`"),
        }
    }
}

fn from_refusal(refusal: RefusedRequest) -> Error {
    let ErrorOut {
        message,
        error_code,
        details,
        ..
    } = refusal.body;
    let exit = match (refusal.status, error_code.as_str()) {
        (400, "VALIDATION_ERROR" | "INVALID_PRODUCT_ID") => ExitCode::Usage,
        (401 | 403, _) => ExitCode::NotAuthorised,
        // Another server, or a proxy, has no such path; that does not mean a missing product.
        (404, "HTTP_404") => ExitCode::Failure,
        (404, _) => ExitCode::NotFound,
        (409 | 412, _) | (422, "IDEMPOTENCY_KEY_REUSED") => ExitCode::Conflict,
        (429, _) => ExitCode::RateLimited,
        (502..=504, _) => ExitCode::Unavailable,
        _ => ExitCode::Failure,
    };
    let mut error = Error::new(exit, message);
    // The first violation is the message; the others become hints.
    let more = details.get("errors").and_then(Value::as_array);
    for other in more.into_iter().flatten().skip(1) {
        if let Some(message) = other["message"].as_str() {
            error.hints.push(format!("also: {message}"));
        }
    }
    error.hints.extend(next_step(&error_code));
    if let Some(wait) = refusal.retry_after {
        let seconds = wait.as_secs();
        error.hints.push(format!("try again in {seconds} s"));
        error.retry_after = u32::try_from(seconds).ok();
    }
    error.code = error_code.into();
    error.details = details;
    error.request_id = refusal.request_id;
    error
}

fn next_step(code: &str) -> Option<String> {
    let step = match code {
        "MISSING_SELLER_ID" => SELLER_HINT,
        "INVALID_API_KEY" => "store a valid key with `pm auth login --token-stdin`",
        "SELLER_MISMATCH" => "the key belongs to another seller; `pm auth status` shows which",
        "PRODUCT_NOT_FOUND" => {
            "`pm products list` shows the products; `pm products restore ID` brings a deleted product back"
        }
        "DUPLICATE_SKU" => {
            "`pm products list --sku SKU` shows the product that has it; `pm products update ID` changes that product"
        }
        "INSUFFICIENT_STOCK" => "`pm products get ID` shows the quantity in stock",
        "IMPORT_NOT_FOUND" => "`pm imports list` shows the imports of this seller",
        "VERSION_CONFLICT" => {
            "another client changed it in between: `pm products get ID` shows the current version"
        }
        "MISSING_COLUMNS" => {
            "name the columns with --map 'Your header=price' or fill them with --default category=Other (`pm help csv`)"
        }
        "UNSUPPORTED_ENCODING" => "save the file as UTF-8 and import it again",
        // The daemon refuses in JSON with a code of its own; these codes stand for other answers.
        "HTTP_404" | "HTTP_405" | "HTTP_501" => {
            "is this the address of a pmd server? `pm config list --origin` shows where it comes from"
        }
        "OUTCOME_UNKNOWN" => {
            "the change may be done: look before you repeat it (`pm products get ID`, `pm products list --sku SKU`, `pm imports list`)"
        }
        "INTERNAL_ERROR" => "this is a bug in the server; its log has the request id",
        _ => return None,
    };
    Some(step.to_owned())
}

/// How to name the seller.
pub(crate) const SELLER_HINT: &str = "name the seller with --seller ID, PM_SELLER=ID or a context (`pm context use NAME`), or store it with `pm config set seller ID`";

/// A usage error for a name that is not one of the known ones.
pub(crate) fn unknown_name(what: &str, given: &str, known: &[&str]) -> Error {
    let error = Error::usage(format!("there is no {what} {given:?}"));
    let error = match closest_word(given, known.iter().copied()) {
        Some(name) => error.hint(format!("did you mean {name:?}?")),
        None => error,
    };
    if known.is_empty() {
        error
    } else {
        error.hint(format!("known: {}", known.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_follow_the_status() {
        let exit = |status, code: &str| {
            let body = ErrorOut {
                error: String::new(),
                message: "m".to_owned(),
                error_code: code.to_owned(),
                details: Map::new(),
            };
            let refusal = RefusedRequest {
                status,
                body,
                request_id: None,
                retry_after: None,
            };
            Error::from(ClientError::Refused(Box::new(refusal))).exit as u8
        };
        assert_eq!(exit(400, "VALIDATION_ERROR"), 2);
        assert_eq!(exit(400, "MISSING_COLUMNS"), 1);
        assert_eq!(exit(401, "MISSING_SELLER_ID"), 4);
        assert_eq!(exit(403, "SELLER_MISMATCH"), 4);
        assert_eq!(exit(404, "PRODUCT_NOT_FOUND"), 5);
        assert_eq!(exit(404, "HTTP_404"), 1);
        assert_eq!(exit(409, "DUPLICATE_SKU"), 6);
        assert_eq!(exit(412, "VERSION_CONFLICT"), 6);
        assert_eq!(exit(422, "IDEMPOTENCY_KEY_REUSED"), 6);
        assert_eq!(exit(429, "RATE_LIMIT_EXCEEDED"), 8);
        assert_eq!(exit(500, "INTERNAL_ERROR"), 1);
        assert_eq!(exit(503, "OVERLOADED"), 7);
        assert_eq!(exit(503, "OUTCOME_UNKNOWN"), 7);
    }
}
