//! The commands of `pmd`: what each prints and how it exits.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use pm_common::{
    config::{Config, StoreConfig},
    domain::{port::Port, seller::SellerId},
    ports::store,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    args::{Args, Command, Keys},
    keys, lifecycle, neighbours, restore,
    roles::{self, Role},
    telemetry,
};

/// Parses the command line and runs it. 0 when all went well, 1 when not, 2 for wrong usage.
pub fn main() -> ExitCode {
    let args = Args::parse();
    match telemetry::init()
        .and_then(|()| Ok(Config::from_env()?))
        .and_then(|config| run(args, config))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere to report it when standard error is gone.
            let _ = writeln!(io::stderr(), "pmd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args, config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(async {
        match args.command {
            Command::Serve { roles } => serve(config, roles).await,
            Command::Migrate => migrate(config).await,
            Command::Restored => restored(config).await,
            Command::Config { json } => show_config(&config, json),
            Command::Keys(command) => manage_keys(&config, command).await,
        }
    });
    // What still blocks a thread waits for an engine that is away, and nothing waits for it.
    runtime.shutdown_background();
    done
}

async fn serve(config: Config, roles: Option<Vec<Role>>) -> anyhow::Result<()> {
    let roles = roles.map_or_else(|| roles::configured(&config), Ok)?;
    roles::check(&roles, &config)?;
    let lock = lifecycle::lock_data_dir(&config)?;
    let stop = stop_on_signals()?;
    let listeners = lifecycle::bind(&config).await?;
    let address = listeners
        .first()
        .context("no address to listen on")?
        .local_addr()?;
    let url = lifecycle::url(&config, address);
    let engines = engines(&config);
    let node = lifecycle::node(&config, lock.as_ref());
    let Some(app) = lifecycle::connect(config, &stop).await? else {
        return Ok(());
    };
    neighbours::join(&app, &neighbours::this_node(&app.config, &node, &roles)).await?;
    restore::check(&app).await?;
    tracing::info!("listening on {url} ({engines}, docs at {url}/docs)");
    if app.config.believes_other_machines() {
        tracing::warn!(
            "every client that can connect to {} may act as any seller, because PMD_AUTH is header: let only a gateway that sets X-Seller-Id connect, or set PMD_AUTH=keys",
            app.config.host
        );
    }
    lifecycle::run(app, &roles, &node, listeners, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// Where the data is, for the line that everybody reads.
fn engines(config: &Config) -> String {
    let servers = config
        .choices()
        .into_iter()
        .filter(|choice| !choice.embedded);
    let files = config
        .uses_data_dir()
        .then(|| config.data_dir.display().to_string());
    let mut places: Vec<_> = files
        .into_iter()
        .chain(servers.map(|choice| choice.engine.to_owned()))
        .collect();
    places.dedup();
    format!("data in {}", places.join(", "))
}

/// The first SIGINT or SIGTERM asks for a clean end, a second one ends at once.
fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        tracing::info!("stopping: requests, streams and batches in flight are finished first");
        asked.cancel();
        next().await;
        std::process::exit(130);
    });
    Ok(stop)
}

async fn migrate(config: Config) -> anyhow::Result<()> {
    let _lock = lifecycle::lock_data_dir(&config)?;
    let app = App::connect(config).await?;
    let prepared = app.prepare().await;
    let mut out = io::stdout().lock();
    let mut failures = Vec::new();
    for (port, result) in prepared {
        match result {
            Ok(()) => writeln!(out, "{port:8} {} is up to date", app.config.engine(port))?,
            Err(error) => failures.push(format!("{port}: {error}")),
        }
    }
    anyhow::ensure!(failures.is_empty(), "{}", failures.join("\npmd: "));
    Ok(())
}

async fn restored(config: Config) -> anyhow::Result<()> {
    let _lock = lifecycle::lock_data_dir(&config)?;
    let app = App::connect(config).await?;
    let floor = restore::declare(&app).await?;
    writeln!(
        io::stdout(),
        "Events go on after sequence {floor}; totals are counted anew by the next `pmd serve`."
    )?;
    Ok(())
}

fn show_config(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let settings = plain_settings(config)
        .into_iter()
        .chain(config.engine_settings());
    let mut out = io::stdout().lock();
    if as_json {
        let engines: Vec<_> = config
            .choices()
            .into_iter()
            .map(|c| json!({"port": c.port.name(), "engine": c.engine, "place": c.place, "why": c.why}))
            .collect();
        let settings: serde_json::Map<_, _> = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        let whole = json!({ "engines": engines, "settings": settings });
        writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
        return Ok(());
    }
    for choice in config.choices() {
        writeln!(
            out,
            "{:8} {:26} {}",
            choice.port, choice.engine, choice.place
        )?;
        writeln!(out, "{:8} because {}", "", choice.why)?;
    }
    writeln!(out)?;
    for (name, value) in settings {
        writeln!(out, "{name}={value}")?;
    }
    Ok(())
}

/// The settings that choose no engine, by name.
fn plain_settings(config: &Config) -> [(&'static str, String); 14] {
    [
        ("HOST", config.host.clone()),
        ("PORT", config.port.to_string()),
        ("PMD_DATA_DIR", config.data_dir.display().to_string()),
        ("PMD_AUTH", config.auth.to_string()),
        (
            "CORS_ORIGINS",
            config
                .cors_origins
                .as_ref()
                .map_or("*".to_owned(), |all| all.join(",")),
        ),
        (
            "PMD_STREAMS_PER_SELLER",
            config.streams_per_seller.to_string(),
        ),
        ("IMPORT_MAX_BYTES", config.import_max_bytes.to_string()),
        (
            "LOW_STOCK_THRESHOLD",
            config.low_stock_threshold.to_string(),
        ),
        ("RATE_LIMIT_STANDARD", config.limits().standard.to_string()),
        ("RATE_LIMIT_BULK", config.limits().bulk.to_string()),
        ("ARCHIVE_BATCH_SIZE", config.archive_batch_size.to_string()),
        (
            "ARCHIVE_INTERVAL_SECONDS",
            config.archive_interval.as_secs().to_string(),
        ),
        (
            "PMD_ROLES",
            config.roles.clone().unwrap_or_else(|| "all".to_owned()),
        ),
        (
            "PMD_NODE",
            config
                .node
                .clone()
                .unwrap_or_else(|| "generated".to_owned()),
        ),
    ]
}

async fn manage_keys(config: &Config, command: Keys) -> anyhow::Result<()> {
    let place = config.place(Port::Store);
    if let StoreConfig::Sqlite { path, .. } = &config.store {
        anyhow::ensure!(
            path.exists(),
            "there is no store at {place}: no daemon would know the key. Set PMD_DATA_DIR to the daemon's data directory (`pmd config` shows it), or start `pmd serve` once"
        );
    }
    let store = store::connect(&config.store).await?;
    let parse = |text: &str| SellerId::parse(text).with_context(|| format!("{text:?}"));
    let mut out = io::stdout().lock();
    match command {
        Keys::Create { seller, name } => {
            let key = keys::create(&*store, &parse(&seller)?, name).await?;
            writeln!(out, "{key}")?;
            writeln!(
                io::stderr(),
                "Stored in {place}. Keep the key now: only its hash is stored, it cannot be shown again."
            )?;
        }
        Keys::List { seller } => {
            for key in store.key_list(&parse(&seller)?).await? {
                let state = key
                    .revoked_at
                    .map_or("live".to_owned(), |at| format!("revoked {at}"));
                writeln!(out, "{}\t{}\t{}\t{state}", key.id, key.created_at, key.name)?;
            }
        }
        Keys::Revoke { seller, id } => {
            if !store.key_revoke(&parse(&seller)?, &id).await? {
                anyhow::bail!("the seller {seller} has no live key {id}");
            }
            writeln!(out, "{id} is revoked")?;
        }
    }
    Ok(())
}
