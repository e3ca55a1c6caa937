//! The progress of an import: two lines that stay in place on a terminal, a line every few seconds
//! elsewhere, or JSON for programs. Committed rows are counted, rejected ones never hidden.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pm_common::api::{ImportOut, RowErrorOut};
use serde_json::json;

use crate::{
    error::{Error, Result},
    output::thousands,
    ui::{TextStyle, Ui, erase_interrupt_echo, sanitized, to_stderr},
};

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Bar,
    Plain,
    Json,
    None,
}

const PLAIN_INTERVAL: Duration = Duration::from_secs(3);
const JSON_INTERVAL: Duration = Duration::from_millis(500);

/// The progress of one file.
pub(crate) struct ProgressDisplay {
    kind: DisplayKind,
    name: String,
    quiet: bool,
    /// The next moment for a line of plain text or JSON.
    next: Instant,
    is_processing: bool,
    /// Rejected rows that are reported already.
    reported: usize,
    style: crate::ui::StreamStyle,
}

enum DisplayKind {
    Bar(ProgressBar),
    Plain,
    Json,
    Nothing,
}

impl ProgressDisplay {
    /// A display in this mode.
    pub(crate) fn new(mode: ProgressMode, ui: &Ui, name: &str) -> Self {
        let kind = match mode {
            ProgressMode::Auto if ui.quiet => DisplayKind::Nothing,
            ProgressMode::Auto if ui.err.terminal => DisplayKind::Bar(bar(&sanitized(name))),
            ProgressMode::Bar => DisplayKind::Bar(bar(&sanitized(name))),
            ProgressMode::Auto | ProgressMode::Plain => DisplayKind::Plain,
            ProgressMode::Json => DisplayKind::Json,
            ProgressMode::None => DisplayKind::Nothing,
        };
        Self {
            kind,
            name: sanitized(name),
            quiet: ui.quiet,
            next: Instant::now() + PLAIN_INTERVAL,
            is_processing: false,
            reported: 0,
            style: ui.err,
        }
    }

    /// Bytes of the file have been read.
    pub(crate) fn uploading(&mut self, sent: u64, total: Option<u64>) -> Result<()> {
        let is_due = self.is_due();
        match &self.kind {
            DisplayKind::Bar(bar) => {
                bar.set_style(bar_style(&self.name, total.is_some()));
                bar.set_length(total.unwrap_or(sent));
                bar.set_position(sent);
                bar.set_message("sending");
            }
            DisplayKind::Plain if is_due => {
                let of = total.map_or(String::new(), |total| format!(" of {}", thousands(total)));
                to_stderr(&format!(
                    "{}: {}{of} bytes sent",
                    self.name,
                    thousands(sent)
                ));
            }
            DisplayKind::Json if is_due => self.json(&json!({
                "message_type": "status",
                "phase": "upload",
                "file": self.name,
                "bytes_done": sent,
                "bytes_total": total,
            }))?,
            _ => {}
        }
        Ok(())
    }

    /// The server processes the file.
    pub(crate) fn processing(&mut self, job: &ImportOut) -> Result<()> {
        let is_due = self.is_due();
        let is_first = !std::mem::replace(&mut self.is_processing, true);
        match &self.kind {
            DisplayKind::Bar(bar) => {
                if is_first {
                    bar.reset();
                }
                bar.set_style(bar_style(&self.name, true));
                bar.set_length(job.bytes_total);
                bar.set_position(job.bytes_done);
                bar.set_message(self.counts(job));
            }
            DisplayKind::Plain if is_due => {
                to_stderr(&format!("{}: {}", self.name, self.counts(job)));
            }
            DisplayKind::Json if is_due => self.status(job)?,
            _ => {}
        }
        Ok(())
    }

    /// Removes the bar; programs get the final state.
    pub(crate) fn finish(mut self, job: &ImportOut) -> Result<()> {
        if matches!(self.kind, DisplayKind::Json) {
            self.status(job)?;
            let mut summary = serde_json::to_value(job).unwrap_or_default();
            summary["message_type"] = json!("summary");
            self.json(&summary)?;
        }
        Ok(())
    }

    /// Ctrl-C was pressed; its echo must not push the bar out of its place.
    pub(crate) fn interrupted(&self) {
        if matches!(&self.kind, DisplayKind::Bar(bar) if !bar.is_hidden()) {
            erase_interrupt_echo();
        }
    }

    /// A sentence above the bar.
    pub(crate) fn say(&self, text: &str) {
        if self.quiet {
            return;
        }
        let text = sanitized(text);
        match &self.kind {
            DisplayKind::Bar(bar) if !bar.is_hidden() => bar.println(text),
            _ => to_stderr(&text),
        }
    }

    fn is_due(&mut self) -> bool {
        let every = match self.kind {
            DisplayKind::Json => JSON_INTERVAL,
            _ => PLAIN_INTERVAL,
        };
        let is_due = Instant::now() >= self.next;
        if is_due {
            self.next = Instant::now() + every;
        }
        is_due
    }

    fn counts(&self, job: &ImportOut) -> String {
        let committed = job.rows - job.rejected.min(job.rows);
        let rejected = format!("rejected {}", thousands(job.rejected));
        let rejected = match job.rejected {
            0 => rejected,
            _ => self.style.paint(TextStyle::Yellow, &rejected),
        };
        format!(
            "{} rows   committed {}   {rejected}   {} rows/s",
            thousands(job.rows),
            thousands(committed),
            thousands(job.rows_per_second)
        )
    }

    fn status(&mut self, job: &ImportOut) -> Result<()> {
        let errors = job.errors.as_deref().unwrap_or_default();
        for error in errors.iter().skip(self.reported) {
            self.json(&rejected_line(error))?;
        }
        self.reported = self.reported.max(errors.len());
        self.json(&json!({
            "message_type": "status",
            "phase": "processing",
            "file": self.name,
            "import_id": job.id,
            "status": job.status,
            "bytes_done": job.bytes_done,
            "bytes_total": job.bytes_total,
            "rows": job.rows,
            "rejected": job.rejected,
            "rows_per_second": job.rows_per_second,
        }))
    }

    fn json(&self, line: &serde_json::Value) -> Result<()> {
        crate::ui::data_line(&line.to_string())
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        if let DisplayKind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

fn rejected_line(error: &RowErrorOut) -> serde_json::Value {
    let mut line = serde_json::to_value(error).unwrap_or_default();
    line["message_type"] = json!("rejected");
    line
}

/// The last line for programs after a failed import.
pub(super) fn exit_error(error: &Error) -> String {
    let mut line = error.to_json();
    line["message_type"] = json!("exit_error");
    line["code"] = json!(error.exit as u8);
    line.to_string()
}

fn bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    // Before the first tick, which would show the default style.
    bar.set_style(bar_style(name, false));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A bar if the end is known, otherwise a spinner; the second line is the message.
fn bar_style(name: &str, has_end: bool) -> ProgressStyle {
    let columns = console::Term::stderr().size_checked();
    let columns = columns.map_or(80, |(_, columns)| usize::from(columns));
    let fallback = if has_end {
        ProgressStyle::default_bar()
    } else {
        ProgressStyle::default_spinner()
    };
    fallback
        .clone()
        .template(&template(name, has_end, columns))
        .unwrap_or(fallback)
        .with_key("left", time_left)
        .progress_chars("#>-")
}

/// Width of the line without name and bar, at its longest.
const FIGURES_WIDTH: usize = 57;

/// The two lines: name and bar are shortened before the first line would wrap.
fn template(name: &str, has_end: bool, columns: usize) -> String {
    let name = console::truncate_str(name, columns.saturating_sub(FIGURES_WIDTH + 6).max(12), "…");
    // Braces would be places to fill in.
    let shown = name.replace('{', "{{").replace('}', "}}");
    let width = console::measure_text_width(&name);
    let indent = if columns < 78 + width { 2 } else { width + 2 };
    let indent = " ".repeat(indent);
    if !has_end {
        return format!(
            "{shown}  {{spinner}} {{binary_bytes}}  {{binary_bytes_per_sec}}\n{indent}{{msg}}"
        );
    }
    let figures = if columns < width + FIGURES_WIDTH + 5 {
        "{percent:>3}%  eta {left}"
    } else {
        "{percent:>3}%  {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  eta {left}"
    };
    let bar = columns.saturating_sub(width + FIGURES_WIDTH).clamp(5, 20);
    format!("{shown}  [{{bar:{bar}}}] {figures}\n{indent}{{msg}}")
}

/// The time left; an estimate from the first percent would be misleading.
fn time_left(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    let _ = if state.fraction() < 0.01 {
        out.write_char('-')
    } else {
        write!(out, "{:#}", HumanDuration(state.eta()))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_never_wraps() {
        let long = "a name that is a good deal longer than any terminal is wide.csv".repeat(2);
        for name in ["a.csv", "products.csv", "{odd}.csv", &long] {
            for columns in [60, 80, 100, 140, 250] {
                let template = template(name, true, columns);
                let longest = template
                    .replace("{{", "{")
                    .replace("}}", "}")
                    .replace("{percent:>3}", "100")
                    .replace("{binary_bytes}", "1023.99 MiB")
                    .replace("{binary_total_bytes}", "1023.99 MiB")
                    .replace("{binary_bytes_per_sec}", "123.45 MiB/s")
                    .replace("{left}", "59m");
                let (before, rest) = longest.split_once("{bar:").unwrap();
                let (bar_width, rest) = rest.split_once('}').unwrap();
                let width = console::measure_text_width(before)
                    + bar_width.parse::<usize>().unwrap()
                    + rest.lines().next().unwrap().len();
                assert!(width <= columns, "{width} of {columns}: {longest}");
                assert!(ProgressStyle::default_bar().template(&template).is_ok());
            }
        }
    }

    #[test]
    fn a_wide_terminal_shows_everything() {
        let lines = template("products.csv", true, 100);
        assert_eq!(
            lines,
            "products.csv  [{bar:20}] {percent:>3}%  {binary_bytes}/{binary_total_bytes}  \
             {binary_bytes_per_sec}  eta {left}\n              {msg}"
        );
    }
}
