//! `pm auth`: the API key for a server. A key is never a flag: the process list would show it.

use std::io::{IsTerminal, Read};

use clap::Subcommand;
use pm_common::{client::Client, request::ProductListRequest};
use serde_json::json;

use crate::{
    error::{Error, ExitCode, Result},
    output::{ColumnSpec, ResourceSpec, ValueKind},
    session::CommandSession,
};

const AUTH_SPEC: ResourceSpec = ResourceSpec {
    name: "auth",
    id: "server",
    columns: &[
        ColumnSpec::table("server", ValueKind::Text),
        ColumnSpec::table("seller", ValueKind::Text),
        ColumnSpec::table("token", ValueKind::Text),
        ColumnSpec::table("accepted", ValueKind::Text),
    ],
    none: "",
};

/// Actions on the key.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store a key for the server, after the server has accepted it
    #[command(before_long_help = "Examples:
  pm auth login --server https://products.example.com
  pm auth login --token-stdin < key.txt")]
    Login {
        /// Read the key from standard input
        #[arg(long)]
        token_stdin: bool,
    },
    /// Remove the stored key for the server
    Logout,
    /// Show where the key comes from, and whether the server accepts it
    Status,
}

/// Runs the action.
pub(crate) async fn run(command: Command, session: &CommandSession) -> Result<()> {
    let server = &session.settings.server.value;
    match command {
        Command::Login { token_stdin } => {
            let token = read_token(token_stdin, session)?;
            check_accepted(&session.client_with_token(token.clone())?).await?;
            session.credentials().store(server, Some(&token))?;
            let path = session.credentials().path;
            let stored = format!("the key for {server} is stored in {}", path.display());
            session.ui.note(&stored);
            Ok(())
        }
        Command::Logout => {
            session.credentials().store(server, None)?;
            session.ui.note(&format!("the key for {server} is removed"));
            Ok(())
        }
        Command::Status => {
            let records = session.records(&AUTH_SPEC)?;
            let token = session.credentials().token(server)?;
            let outcome = check_accepted(&session.client()?).await;
            let accepted = match &outcome {
                Ok(()) => Some(true),
                Err(error) if error.exit == ExitCode::NotAuthorised => Some(false),
                Err(_) => None,
            };
            records.single(&json!({
                "server": server,
                "seller": session.settings.seller.as_ref().map(|seller| &seller.value),
                "token": token.map(|token| token.origin.to_string()),
                "accepted": accepted,
            }))?;
            outcome
        }
    }
}

/// The cheapest request that needs a seller.
async fn check_accepted(client: &Client) -> Result<()> {
    let mut request = ProductListRequest {
        count: false,
        ..ProductListRequest::default()
    };
    request.page.limit = 1;
    client.product_list(&request).await?;
    Ok(())
}

fn read_token(from_stdin: bool, session: &CommandSession) -> Result<String> {
    let mut token = String::new();
    let read = if from_stdin {
        std::io::stdin()
            .lock()
            .read_to_string(&mut token)
            .map(|_| token)
    } else if std::io::stdin().is_terminal() && session.ui.err.terminal {
        session.ui.note("Key (it is not shown):");
        console::Term::stderr().read_secure_line()
    } else {
        return Err(Error::usage("cannot ask for the key without a terminal")
            .hint("pass it with --token-stdin"));
    };
    let token = read.map_err(|error| Error::failure(format!("cannot read the key: {error}")))?;
    match token.trim() {
        "" => Err(Error::usage("the key is empty")),
        token => Ok(token.to_owned()),
    }
}
