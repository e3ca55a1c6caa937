//! `pm events`: what happened, live with resume, or from the past.

use clap::builder::TypedValueParser;
use pm_common::{
    client::{From, Pairs, Tail, Told},
    domain::notification::{Notification, NotificationKind},
};

use super::{pair, wire_choice};
use crate::{
    backend::{Backend, paced},
    error::{Error, Exit, Result},
    output::{Column, Kind, Listing, Noun},
    session::Session,
    ui::{Style, Ui, visible},
};

const NOUN: Noun = Noun {
    name: "event",
    id: "sequence",
    columns: &[
        Column::table("sequence", Kind::Text),
        Column::table("timestamp", Kind::Time),
        Column::table("type", Kind::State),
        Column::table("message", Kind::Text),
        Column::wide("id", Kind::Text),
        Column::named("firstSequence", Kind::Text),
        Column::named("data", Kind::Text),
        Column::named("sellerId", Kind::Text),
        Column::named("read", Kind::Text),
    ],
    none: "No events.",
};

/// Events a page of the past has.
const PAGE: u32 = 1_000;

/// How to read events.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Follow the events, through lost connections, until Ctrl-C
    Tail(TailArgs),
    /// List past events, oldest first
    #[command(
        visible_alias = "ls",
        before_long_help = "Examples:
  pm events list --limit 20
  pm events list --after 1200 --type LowStockWarning"
    )]
    List {
        /// Only events behind this sequence
        #[arg(long, default_value_t = 0, value_name = "SEQUENCE",
              value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
        /// At most this many
        #[arg(long, short = 'L', default_value_t = 100,
              value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only this type
        #[arg(long = "type", value_name = "TYPE", value_parser = event_type())]
        kind: Option<NotificationKind>,
    },
}

/// Arguments of `pm events tail`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm events tail
  pm events tail --from -20 --type ProductCreated --type ProductDeleted
  pm events tail --from start --no-follow -o jsonl")]
pub(crate) struct TailArgs {
    /// start, end, a sequence, or -N for the last N
    #[arg(long, default_value = "end", allow_hyphen_values = true, value_parser = start)]
    from: Start,
    /// Only this type; may be given more than once
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type())]
    kinds: Vec<NotificationKind>,
    /// Only this product; may be given more than once
    #[arg(long = "product", value_name = "ID")]
    products: Vec<i64>,
    /// Stop after this many events
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop at the end of what is there
    #[arg(long)]
    no_follow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Newest,
    /// Behind this sequence.
    After(i64),
    Last(i64),
}

fn event_type() -> impl TypedValueParser<Value = NotificationKind> {
    wire_choice(NotificationKind::ALL.map(NotificationKind::as_str))
}

fn start(text: &str) -> Result<Start, String> {
    match (text, text.parse::<i64>()) {
        ("start", _) => Ok(Start::After(0)),
        ("end", _) => Ok(Start::Newest),
        (_, Ok(sequence)) if sequence > 0 => Ok(Start::After(sequence - 1)),
        (_, Ok(count)) if count < 0 && count > i64::MIN => Ok(Start::Last(-count)),
        _ => Err("it must be start, end, a sequence from 1, or -N for the last N".to_owned()),
    }
}

/// Lists or follows.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Tail(args) => tail(args, session).await,
        Command::List { after, limit, kind } => {
            let mut listing = session.listing(&NOUN)?;
            let kind = kind.map(NotificationKind::as_str);
            let query = [
                pair("after", Some(after)),
                pair("limit", Some(limit)),
                pair("type", kind),
            ];
            let query: Vec<_> = query.into_iter().flatten().collect();
            let page = session.backend()?.event_list(&query).await?;
            for event in &page.data {
                listing.push(event)?;
            }
            listing.finish(Some(&page.pagination))
        }
    }
}

async fn tail(args: TailArgs, session: &Session) -> Result<()> {
    let backend = session.backend()?;
    let mut printer = Printer {
        listing: session.listing(&NOUN)?.streaming(),
        ui: &session.ui,
        left: args.count.unwrap_or(u64::MAX),
        args: &args,
        scope: &session.scope,
    };
    let from = match args.from {
        Start::Newest => From::Newest,
        Start::After(sequence) => From::After(sequence),
        Start::Last(count) => From::After((newest(&backend).await? - count).max(0)),
    };
    if args.no_follow {
        return match from {
            From::Newest => Ok(()),
            From::After(sequence) => past(&backend, sequence, &mut printer).await,
        };
    }
    follow(backend.event_tail(from), &mut printer).await
}

/// The newest sequence there is: the first frame of a fresh stream carries it.
async fn newest(backend: &Backend) -> Result<i64> {
    let mut tail = backend.event_tail(From::Newest);
    tail.opened().await.map_err(Error::from)
}

/// Prints the past, page by page.
async fn past(backend: &Backend, mut after: i64, printer: &mut Printer<'_>) -> Result<()> {
    loop {
        let query: [Option<_>; 2] = [pair("after", Some(after)), pair("limit", Some(PAGE))];
        let query: Vec<_> = query.into_iter().flatten().collect();
        let query: &Pairs = &query;
        let page = paced(async || backend.event_list(query).await).await?;
        for event in &page.data {
            if printer.print(event)? {
                return Ok(());
            }
        }
        if page.data.is_empty() || page.pagination.next_after <= after {
            return Ok(());
        }
        after = page.pagination.next_after;
    }
}

/// Prints the live events until there are enough, or somebody presses Ctrl-C.
async fn follow(mut tail: Tail, printer: &mut Printer<'_>) -> Result<()> {
    let mut interrupt = super::interrupt::Interrupt::new()?;
    let mut was_lost = false;
    loop {
        let told = tokio::select! {
            told = tail.next() => told?,
            () = interrupt.wait() => {
                printer.ui.note(&resume(tail.cursor(), printer.args, printer.scope));
                return Err(Error::silent(Exit::Interrupted));
            }
        };
        match told {
            Told::Connected => {
                if std::mem::take(&mut was_lost) {
                    printer
                        .ui
                        .note("connected again; nothing was missed so far");
                }
            }
            Told::Notification(event) => {
                if printer.print(&event)? {
                    return Ok(());
                }
            }
            Told::Gap { from, to } => {
                let lost = format!("events {from} to {to} are no longer kept and cannot be shown");
                printer.ui.warn(&lost);
            }
            Told::Lost { reason, wait } => {
                was_lost = true;
                let wait = wait.as_secs_f32();
                printer.ui.note(&format!(
                    "{}; connecting again in {wait:.1} s",
                    visible(&reason)
                ));
            }
        }
    }
}

/// The command that goes on where this one stopped.
fn resume(cursor: Option<i64>, args: &TailArgs, scope: &str) -> String {
    let next = cursor.map_or_else(|| "end".to_owned(), |cursor| (cursor + 1).to_string());
    let mut command = format!("pm events tail --from {next}");
    for kind in &args.kinds {
        command.push_str(&format!(" --type {}", kind.as_str()));
    }
    for product in &args.products {
        command.push_str(&format!(" --product {product}"));
    }
    format!("go on with: {command}{scope}")
}

/// Prints the events that are wanted, and knows when there were enough.
struct Printer<'a> {
    listing: Listing<'a>,
    ui: &'a Ui,
    args: &'a TailArgs,
    /// The flags that the resuming command needs too.
    scope: &'a str,
    left: u64,
}

impl Printer<'_> {
    /// Prints an event if it is wanted; true when it was the last one.
    fn print(&mut self, event: &Notification) -> Result<bool> {
        let kinds = &self.args.kinds;
        let products = &self.args.products;
        let of_kind = kinds.is_empty() || kinds.contains(&event.kind);
        let product = event.data["productId"].as_i64();
        let of_product =
            products.is_empty() || product.is_some_and(|product| products.contains(&product));
        if of_kind && of_product {
            self.listing.tell(event, &prose(self.ui, event))?;
            self.left -= 1;
        }
        Ok(self.left == 0)
    }
}

/// One line for people: local time, sequence, type in its colour, message.
fn prose(ui: &Ui, event: &Notification) -> String {
    let moment = jiff::Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
    let time = moment
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%H:%M:%S%.3f");
    let style = match event.kind {
        NotificationKind::ProductCreated => Style::Green,
        NotificationKind::ProductUpdated => Style::Blue,
        NotificationKind::ProductDeleted => Style::Red,
        NotificationKind::LowStockWarning => Style::Yellow,
        NotificationKind::ImportProgress => Style::Dim,
        NotificationKind::ImportCompleted => Style::Cyan,
    };
    let kind = ui.out.paint(style, &format!("{:16}", event.kind.as_str()));
    let time = ui.out.paint(Style::Dim, &time.to_string());
    format!(
        "{time}  {:>6}  {kind}  {}",
        event.sequence,
        visible(&event.message)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_where_to_start() {
        assert_eq!(start("start"), Ok(Start::After(0)));
        assert_eq!(start("end"), Ok(Start::Newest));
        assert_eq!(start("17"), Ok(Start::After(16)));
        assert_eq!(start("-5"), Ok(Start::Last(5)));
        assert!(start("0").is_err() && start("yesterday").is_err());
    }

    #[test]
    fn the_resume_command_keeps_the_filters() {
        let args = TailArgs {
            from: Start::Newest,
            kinds: vec![NotificationKind::ProductCreated],
            products: vec![7],
            count: None,
            no_follow: false,
        };
        assert_eq!(
            resume(Some(41), &args, " --seller s1"),
            "go on with: pm events tail --from 42 --type ProductCreated --product 7 --seller s1"
        );
    }
}
