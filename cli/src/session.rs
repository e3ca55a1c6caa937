//! What every command receives: the printer, the settings and the connection to the server.

use pm_common::client::{Client, ClientIdentity};

use crate::{
    args::GlobalArgs,
    backend::Backend,
    error::{Error, ExitCode, Result, SELLER_HINT},
    output::{OutputFormat, OutputOptions, RecordWriter, ResourceSpec},
    settings::{CredentialStore, ResolvedSettings, SettingValues, choice_name},
    ui::{ColorChoice, TextStyle, Ui, to_stderr},
};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct CommandSession {
    pub(crate) ui: Ui,
    pub(crate) settings: ResolvedSettings,
    pub(crate) output_options: OutputOptions,
    /// The settings from flags.
    pub(crate) flag_values: SettingValues,
    /// The flags that select server and seller, each after a blank: a suggested follow-up command
    /// needs them too.
    pub(crate) repeat_flags: String,
}

impl CommandSession {
    /// Resolves the settings; sends no request.
    pub(crate) fn open(global: &GlobalArgs) -> Result<Self> {
        let settings = ResolvedSettings::load(global)?;
        let format = settings.output.as_ref().map(|setting| setting.value);
        let ui = Ui {
            json_errors: matches!(format, Some(OutputFormat::Json | OutputFormat::Jsonl)),
            ..initial_ui(global, settings.color.value)
        };
        Ok(Self {
            ui,
            settings,
            output_options: OutputOptions {
                format,
                fields: global.fields.clone(),
            },
            flag_values: SettingValues {
                server: global.server.clone(),
                seller: global.seller.clone(),
                output: global.output.map(choice_name),
                color: global.color.map(choice_name),
            },
            repeat_flags: repeat_flags(global),
        })
    }

    /// A writer for records of this resource.
    pub(crate) fn records(&self, spec: &'static ResourceSpec) -> Result<RecordWriter<'_>> {
        RecordWriter::new(&self.ui, &self.output_options, spec)
    }

    /// The backend for a seller's data.
    ///
    /// # Errors
    /// Exit code 4 without a seller and without a key, which belongs to a seller.
    pub(crate) fn backend(&self) -> Result<Backend> {
        let identity = self.identity()?;
        if identity.seller.is_none() && identity.token.is_none() {
            return Err(Error::new(ExitCode::NotAuthorised, "no seller is set").hint(SELLER_HINT));
        }
        self.connect(identity).map(Backend::Http)
    }

    /// A client for requests that need no seller.
    pub(crate) fn client(&self) -> Result<Client> {
        self.connect(self.identity()?)
    }

    /// A client with another key than the stored one.
    pub(crate) fn client_with_token(&self, token: String) -> Result<Client> {
        self.connect(ClientIdentity {
            server: self.settings.server.value.clone(),
            seller: self.settings.seller_id()?,
            token: Some(token),
        })
    }

    /// The stored keys.
    pub(crate) fn credentials(&self) -> CredentialStore {
        CredentialStore::beside(&self.settings.path)
    }

    fn identity(&self) -> Result<ClientIdentity> {
        let server = self.settings.server.value.clone();
        let token = self.credentials().token(&server)?;
        Ok(ClientIdentity {
            seller: self.settings.seller_id()?,
            token: token.map(|token| token.secret),
            server,
        })
    }

    fn connect(&self, identity: ClientIdentity) -> Result<Client> {
        let client = Client::new(identity)?;
        if !self.ui.verbose {
            return Ok(client);
        }
        let style = self.ui.err;
        Ok(client.watched(move |exchange| {
            let status = exchange
                .status
                .map_or_else(|| "no response".to_owned(), |status| status.to_string());
            to_stderr(&style.paint(
                TextStyle::Dim,
                &format!(
                    "{} {} -> {status} in {} ms, request id {}",
                    exchange.method,
                    exchange.url,
                    exchange.took.as_millis(),
                    exchange.request_id
                ),
            ));
        }))
    }
}

/// A printer before the settings are known.
pub(crate) fn initial_ui(global: &GlobalArgs, color: ColorChoice) -> Ui {
    Ui {
        quiet: global.quiet,
        verbose: global.verbose,
        yes: global.yes,
        json_errors: matches!(
            global.output,
            Some(OutputFormat::Json | OutputFormat::Jsonl)
        ),
        ..Ui::new(color)
    }
}

/// Runs an asynchronous command on this thread.
pub(crate) fn wait_for(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ExitCode::Failure, format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(work);
    // A thread that still resolves a name or reads standard input must not keep the program alive.
    runtime.shutdown_background();
    outcome
}

/// The flags as they were typed.
fn repeat_flags(global: &GlobalArgs) -> String {
    let flags = [
        ("context", &global.context),
        ("server", &global.server),
        ("seller", &global.seller),
    ];
    let flag_values = flags
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)));
    flag_values
        .map(|(name, value)| format!(" --{name} {}", shell_quoted(value)))
        .collect()
}

/// An argument as a shell reads it back.
pub(crate) fn shell_quoted(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeat_flags_are_as_typed() {
        assert_eq!(repeat_flags(&GlobalArgs::default()), "");
        let global = GlobalArgs {
            seller: Some("s 1".to_owned()),
            context: Some("shop".to_owned()),
            ..GlobalArgs::default()
        };
        assert_eq!(repeat_flags(&global), " --context shop --seller 's 1'");
    }

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(shell_quoted("a.csv"), "a.csv");
        assert_eq!(shell_quoted("Preis=price"), "Preis=price");
        assert_eq!(shell_quoted("it's here"), r"'it'\''s here'");
        assert_eq!(shell_quoted(""), "''");
        assert_eq!(shell_quoted("*.csv"), "'*.csv'");
    }
}
