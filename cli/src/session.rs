//! What every command is given: the printer, the settings and the way to the server.

use pm_common::client::{Client, Identity};

use crate::{
    args::GlobalArgs,
    backend::Backend,
    error::{Error, Exit, Result, SELLER_HINT},
    output::{Format, Listing, Noun, Wanted},
    settings::{Credentials, Settings, Values, choice_name},
    ui::{Color, Style, Ui, to_stderr},
};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) ui: Ui,
    pub(crate) settings: Settings,
    pub(crate) wanted: Wanted,
    /// The settings that were given as flags.
    pub(crate) given: Values,
    /// The flags that say which seller of which server, with a blank before each: what a command
    /// that goes on with the same work needs too.
    pub(crate) scope: String,
}

impl Session {
    /// Settles the settings; speaks to nobody.
    pub(crate) fn open(global: &GlobalArgs) -> Result<Self> {
        let settings = Settings::load(global)?;
        let format = settings.output.as_ref().map(|setting| setting.value);
        let ui = Ui {
            json_errors: matches!(format, Some(Format::Json | Format::Jsonl)),
            ..early_ui(global, settings.color.value)
        };
        Ok(Self {
            ui,
            settings,
            wanted: Wanted {
                format,
                fields: global.fields.clone(),
            },
            given: Values {
                server: global.server.clone(),
                seller: global.seller.clone(),
                output: global.output.map(choice_name),
                color: global.color.map(choice_name),
            },
            scope: scope(global),
        })
    }

    /// A listing in the wanted format.
    pub(crate) fn listing(&self, noun: &'static Noun) -> Result<Listing<'_>> {
        Listing::new(&self.ui, &self.wanted, noun)
    }

    /// The way to the products of a seller.
    ///
    /// # Errors
    /// Exit code 4 without a seller, unless a key says who one is.
    pub(crate) fn backend(&self) -> Result<Backend> {
        let identity = self.identity()?;
        if identity.seller.is_none() && identity.token.is_none() {
            return Err(Error::new(Exit::NotAuthorised, "no seller is given").hint(SELLER_HINT));
        }
        self.connect(identity).map(Backend::Http)
    }

    /// A client for what needs no seller.
    pub(crate) fn client(&self) -> Result<Client> {
        self.connect(self.identity()?)
    }

    /// A client with another key than the stored one.
    pub(crate) fn client_with_token(&self, token: String) -> Result<Client> {
        self.connect(Identity {
            server: self.settings.server.value.clone(),
            seller: self.settings.seller_id()?,
            token: Some(token),
        })
    }

    /// The stored keys.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::beside(&self.settings.path)
    }

    fn identity(&self) -> Result<Identity> {
        let server = self.settings.server.value.clone();
        let token = self.credentials().token(&server)?;
        Ok(Identity {
            seller: self.settings.seller_id()?,
            token: token.map(|token| token.secret),
            server,
        })
    }

    fn connect(&self, identity: Identity) -> Result<Client> {
        let client = Client::new(identity)?;
        if !self.ui.verbose {
            return Ok(client);
        }
        let look = self.ui.err;
        Ok(client.watched(move |exchange| {
            let status = exchange
                .status
                .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            to_stderr(&look.paint(
                Style::Dim,
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
pub(crate) fn early_ui(global: &GlobalArgs, color: Color) -> Ui {
    Ui {
        quiet: global.quiet,
        verbose: global.verbose,
        yes: global.yes,
        json_errors: matches!(global.output, Some(Format::Json | Format::Jsonl)),
        ..Ui::new(color)
    }
}

/// Runs a command that waits for something, on this thread.
pub(crate) fn wait_for(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Exit::Failure, format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(work);
    // A thread that still waits for a name or for standard input must not keep the program.
    runtime.shutdown_background();
    outcome
}

/// As they were typed.
fn scope(global: &GlobalArgs) -> String {
    let flags = [
        ("context", &global.context),
        ("server", &global.server),
        ("seller", &global.seller),
    ];
    let given = flags
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)));
    given
        .map(|(name, value)| format!(" --{name} {}", quoted(value)))
        .collect()
}

/// An argument as a shell reads it back.
pub(crate) fn quoted(arg: &str) -> String {
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
    fn a_scope_is_what_was_given() {
        assert_eq!(scope(&GlobalArgs::default()), "");
        let global = GlobalArgs {
            seller: Some("s 1".to_owned()),
            context: Some("shop".to_owned()),
            ..GlobalArgs::default()
        };
        assert_eq!(scope(&global), " --context shop --seller 's 1'");
    }

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(quoted("a.csv"), "a.csv");
        assert_eq!(quoted("Preis=price"), "Preis=price");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("*.csv"), "'*.csv'");
    }
}
