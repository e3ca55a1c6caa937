//! `pm events`: live events with resume, or past events.

use clap::builder::TypedValueParser;
use pm_common::{
    client::{EventTail, StreamStart, TailItem},
    domain::notification::{Notification, NotificationKind},
    request::{EventListRequest, MAX_EVENTS},
};

use super::wire_choice;
use crate::{
    backend::{Backend, retry_rate_limited},
    error::{Error, ExitCode, Result},
    output::{ColumnSpec, RecordWriter, ResourceSpec, ValueKind},
    session::CommandSession,
    ui::{TextStyle, Ui, sanitized},
};

const EVENT_SPEC: ResourceSpec = ResourceSpec {
    name: "event",
    id: "sequence",
    columns: &[
        ColumnSpec::table("sequence", ValueKind::Text),
        ColumnSpec::table("timestamp", ValueKind::Time),
        ColumnSpec::table("type", ValueKind::State),
        ColumnSpec::table("message", ValueKind::Text),
        ColumnSpec::wide("id", ValueKind::Text),
        ColumnSpec::named("firstSequence", ValueKind::Text),
        ColumnSpec::named("data", ValueKind::Text),
        ColumnSpec::named("sellerId", ValueKind::Text),
        ColumnSpec::named("read", ValueKind::Text),
    ],
    none: "No events.",
};

/// Ways to read events.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Follow live events until Ctrl-C; reconnects when the connection is lost
    Tail(TailArgs),
    /// List past events, oldest first
    #[command(
        visible_alias = "ls",
        before_long_help = "Examples:
  pm events list --limit 20
  pm events list --after 1200 --type LowStockWarning"
    )]
    List {
        /// Only events after this sequence
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
    #[arg(long, default_value = "end", allow_hyphen_values = true, value_parser = tail_start)]
    from: TailStart,
    /// Only this type; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type())]
    kinds: Vec<NotificationKind>,
    /// Only this product; may be repeated
    #[arg(long = "product", value_name = "ID")]
    products: Vec<i64>,
    /// Stop after this many events
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after the last stored event
    #[arg(long)]
    no_follow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TailStart {
    Newest,
    /// After this sequence.
    After(i64),
    Last(i64),
}

fn event_type() -> impl TypedValueParser<Value = NotificationKind> {
    wire_choice(NotificationKind::ALL.map(NotificationKind::as_str))
}

fn tail_start(text: &str) -> Result<TailStart, String> {
    match (text, text.parse::<i64>()) {
        ("start", _) => Ok(TailStart::After(0)),
        ("end", _) => Ok(TailStart::Newest),
        (_, Ok(sequence)) if sequence > 0 => Ok(TailStart::After(sequence - 1)),
        (_, Ok(count)) if count < 0 && count > i64::MIN => Ok(TailStart::Last(-count)),
        _ => Err("it must be start, end, a sequence from 1, or -N for the last N".to_owned()),
    }
}

/// Lists or follows.
pub(crate) async fn run(command: Command, session: &CommandSession) -> Result<()> {
    match command {
        Command::Tail(args) => tail(args, session).await,
        Command::List { after, limit, kind } => {
            let mut records = session.records(&EVENT_SPEC)?;
            let request = EventListRequest { after, limit, kind };
            let page = session.backend()?.event_list(request).await?;
            for event in &page.data {
                records.push(event)?;
            }
            records.finish(Some(&page.pagination))
        }
    }
}

async fn tail(args: TailArgs, session: &CommandSession) -> Result<()> {
    let backend = session.backend()?;
    let mut printer = EventPrinter {
        records: session.records(&EVENT_SPEC)?.streaming(),
        ui: &session.ui,
        left: args.count.unwrap_or(u64::MAX),
        args: &args,
        repeat_flags: &session.repeat_flags,
    };
    let from = match args.from {
        TailStart::Newest => StreamStart::Newest,
        TailStart::After(sequence) => StreamStart::After(sequence),
        TailStart::Last(count) => {
            StreamStart::After((newest_sequence(&backend).await? - count).max(0))
        }
    };
    if args.no_follow {
        return match from {
            StreamStart::Newest => Ok(()),
            StreamStart::After(sequence) => {
                if !replay_past(&backend, sequence, &mut printer).await? && sequence > 0 {
                    let newest = newest_sequence(&backend).await?;
                    if newest < sequence {
                        warn_ahead(&session.ui, sequence, newest);
                    }
                }
                Ok(())
            }
        };
    }
    follow(backend.event_tail(from), &mut printer).await
}

/// The newest sequence; the first frame of a new stream carries it.
async fn newest_sequence(backend: &Backend) -> Result<i64> {
    let mut tail = backend.event_tail(StreamStart::Newest);
    tail.opened().await.map_err(Error::from)
}

/// The cursor of a server that was restored since, or of another one.
fn warn_ahead(ui: &Ui, cursor: i64, newest: i64) {
    ui.warn(&format!(
        "event {cursor} is not known here: the newest event is {newest}, and the tail goes on after it"
    ));
}

/// Prints past events page by page; answers whether there are any.
async fn replay_past(
    backend: &Backend,
    mut after: i64,
    printer: &mut EventPrinter<'_>,
) -> Result<bool> {
    let mut found = false;
    loop {
        let request = EventListRequest {
            after,
            limit: MAX_EVENTS,
            kind: None,
        };
        let page = retry_rate_limited(async || backend.event_list(request).await).await?;
        for event in &page.data {
            found = true;
            if printer.print(event)? {
                return Ok(found);
            }
        }
        if page.data.is_empty() || page.pagination.next_after <= after {
            return Ok(found);
        }
        after = page.pagination.next_after;
    }
}

/// Prints live events until the count is reached or Ctrl-C.
async fn follow(mut tail: EventTail, printer: &mut EventPrinter<'_>) -> Result<()> {
    let mut interrupt = super::interrupt::InterruptSignal::new()?;
    let mut was_disconnected = false;
    loop {
        let item = tokio::select! {
            item = tail.next() => item?,
            () = interrupt.wait() => {
                printer.ui.note(&resume_command(tail.cursor(), printer.args, printer.repeat_flags));
                return Err(Error::silent(ExitCode::Interrupted));
            }
        };
        match item {
            TailItem::Connected => {
                if std::mem::take(&mut was_disconnected) {
                    printer.ui.note("reconnected; no event was missed");
                }
            }
            TailItem::CursorAhead { cursor, newest } => {
                was_disconnected = false;
                warn_ahead(printer.ui, cursor, newest);
            }
            TailItem::Notification(event) => {
                if printer.print(&event)? {
                    return Ok(());
                }
            }
            TailItem::Gap { from, to } => {
                let lost = format!("events {from} to {to} are no longer kept and cannot be shown");
                printer.ui.warn(&lost);
            }
            TailItem::Lost { reason, wait } => {
                was_disconnected = true;
                let wait = wait.as_secs_f32();
                printer.ui.note(&format!(
                    "{}; reconnecting in {wait:.1} s",
                    sanitized(&reason)
                ));
            }
        }
    }
}

/// The command that continues where this run stopped.
fn resume_command(cursor: Option<i64>, args: &TailArgs, repeat_flags: &str) -> String {
    let next = cursor.map_or_else(|| "end".to_owned(), |cursor| (cursor + 1).to_string());
    let mut command = format!("pm events tail --from {next}");
    for kind in &args.kinds {
        command.push_str(&format!(" --type {}", kind.as_str()));
    }
    for product in &args.products {
        command.push_str(&format!(" --product {product}"));
    }
    format!("continue with: {command}{repeat_flags}")
}

/// Prints the events that match the filters, up to the count.
struct EventPrinter<'a> {
    records: RecordWriter<'a>,
    ui: &'a Ui,
    args: &'a TailArgs,
    /// Flags that the resume command needs too.
    repeat_flags: &'a str,
    left: u64,
}

impl EventPrinter<'_> {
    /// Prints an event that matches the filters; true after the last one.
    fn print(&mut self, event: &Notification) -> Result<bool> {
        let kinds = &self.args.kinds;
        let products = &self.args.products;
        let of_kind = kinds.is_empty() || kinds.contains(&event.kind);
        let product = event.data["productId"].as_i64();
        let of_product =
            products.is_empty() || product.is_some_and(|product| products.contains(&product));
        if of_kind && of_product {
            self.records.push_line(event, &event_line(self.ui, event))?;
            self.left -= 1;
        }
        Ok(self.left == 0)
    }
}

/// A line for people: local time, sequence, type in its colour, message.
fn event_line(ui: &Ui, event: &Notification) -> String {
    let moment = jiff::Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
    let time = moment
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%H:%M:%S%.3f");
    let style = match event.kind {
        NotificationKind::ProductCreated => TextStyle::Green,
        NotificationKind::ProductUpdated => TextStyle::Blue,
        NotificationKind::ProductDeleted => TextStyle::Red,
        NotificationKind::LowStockWarning => TextStyle::Yellow,
        NotificationKind::ImportProgress => TextStyle::Dim,
        NotificationKind::ImportCompleted => TextStyle::Cyan,
    };
    let kind = ui.out.paint(style, &format!("{:16}", event.kind.as_str()));
    let time = ui.out.paint(TextStyle::Dim, &time.to_string());
    format!(
        "{time}  {:>6}  {kind}  {}",
        event.sequence,
        sanitized(&event.message)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_positions_are_parsed() {
        assert_eq!(tail_start("start"), Ok(TailStart::After(0)));
        assert_eq!(tail_start("end"), Ok(TailStart::Newest));
        assert_eq!(tail_start("17"), Ok(TailStart::After(16)));
        assert_eq!(tail_start("-5"), Ok(TailStart::Last(5)));
        assert!(tail_start("0").is_err() && tail_start("yesterday").is_err());
    }

    #[test]
    fn the_resume_command_keeps_the_filters() {
        let args = TailArgs {
            from: TailStart::Newest,
            kinds: vec![NotificationKind::ProductCreated],
            products: vec![7],
            count: None,
            no_follow: false,
        };
        assert_eq!(
            resume_command(Some(41), &args, " --seller s1"),
            "continue with: pm events tail --from 42 --type ProductCreated --product 7 --seller s1"
        );
    }
}
