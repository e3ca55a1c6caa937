//! The only printer: data goes to standard output, everything else to standard error, and a
//! closed pipe ends the program quietly.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use crate::error::{Error, ExitCode, Result};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// The styles of text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TextStyle {
    Dim,
    Red,
    Green,
    Yellow,
    Blue,
    Cyan,
}

impl TextStyle {
    const fn code(self) -> &'static str {
        match self {
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Blue => "34",
            Self::Cyan => "36",
        }
    }
}

/// How one of the two output streams is styled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamStyle {
    pub(crate) terminal: bool,
    color: bool,
}

impl StreamStyle {
    fn of(stream: &impl IsTerminal, color: ColorChoice) -> Self {
        let terminal = stream.is_terminal();
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR").is_some() => false,
            ColorChoice::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            ColorChoice::Auto => terminal && set("TERM").is_none_or(|term| term != "dumb"),
        };
        Self { terminal, color }
    }

    /// The text in a style, if the stream is coloured.
    pub(crate) fn paint(self, style: TextStyle, text: &str) -> String {
        if self.color {
            format!("\x1b[{}m{text}\x1b[0m", style.code())
        } else {
            text.to_owned()
        }
    }
}

/// The printer for standard output and standard error.
#[derive(Debug)]
pub(crate) struct Ui {
    pub(crate) out: StreamStyle,
    pub(crate) err: StreamStyle,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// Answer every question with yes.
    pub(crate) yes: bool,
    /// Errors are JSON.
    pub(crate) json_errors: bool,
}

impl Ui {
    /// A printer for the streams of this process.
    pub(crate) fn new(color: ColorChoice) -> Self {
        Self {
            out: StreamStyle::of(&io::stdout(), color),
            err: StreamStyle::of(&io::stderr(), color),
            quiet: false,
            verbose: false,
            yes: false,
            json_errors: false,
        }
    }

    /// Writes data unchanged.
    ///
    /// # Errors
    /// A closed pipe is a silent error with exit code 0: its reader needs no more.
    pub(crate) fn write(&self, data: &[u8]) -> Result<()> {
        to_stdout(data)
    }

    /// One line of data.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        data_line(text)
    }

    /// Prints a message, except with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            to_stderr(text);
        }
    }

    /// Prints a warning, also with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        to_stderr(&format!(
            "{} {text}",
            self.err.paint(TextStyle::Yellow, "warning:")
        ));
    }

    /// Prints an error with its hints.
    pub(crate) fn error(&self, error: &Error) {
        if error.message.is_empty() {
            return;
        }
        if self.json_errors {
            to_stderr(&error.to_json().to_string());
            return;
        }
        let mut text = format!(
            "{} {}",
            self.err.paint(TextStyle::Red, "error:"),
            sanitized(&error.message)
        );
        for hint in &error.hints {
            let label = self.err.paint(TextStyle::Cyan, "  hint:");
            text.push_str(&format!("\n{label} {}", sanitized(hint)));
        }
        if let Some(id) = &error.request_id {
            let label = self.err.paint(TextStyle::Dim, "  request id:");
            text.push_str(&format!("\n{label} {}", sanitized(id)));
        }
        to_stderr(&text);
    }

    /// Asks for confirmation before an action that is hard to undo.
    ///
    /// # Errors
    /// Exit code 2 without a terminal to ask on, 1 when the answer is no.
    pub(crate) fn confirm(&self, question: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !(io::stdin().is_terminal() && self.err.terminal) {
            return Err(Error::usage(format!(
                "cannot ask for confirmation without a terminal: {question}"
            ))
            .hint("confirm in advance with --yes"));
        }
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        match (read, answer.trim().to_lowercase().as_str()) {
            (Ok(_), "y" | "yes") => Ok(()),
            _ => Err(Error::failure("nothing was done")),
        }
    }

    /// Columns of the terminal on standard output; `None` if it is not a terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        let size = self
            .out
            .terminal
            .then(|| console::Term::stdout().size_checked())?;
        size.map(|(_, columns)| usize::from(columns))
    }
}

/// Writes one line of data, for code that holds no printer.
pub(crate) fn data_line(text: &str) -> Result<()> {
    to_stdout(format!("{text}\n").as_bytes())
}

fn to_stdout(data: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(data).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::silent(ExitCode::Ok),
        _ => Error::failure(format!("cannot write to standard output: {error}")),
    })
}

/// Writes a line to standard error. A failure to do so cannot be reported anywhere.
pub(crate) fn to_stderr(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Erases the `^C` that the terminal itself writes for Ctrl-C, at the start of the line after a
/// full one.
pub(crate) fn erase_interrupt_echo() {
    if io::stdin().is_terminal() {
        let _ = io::stderr().lock().write_all(b"\r\x1b[2K\x1b[1A");
    }
}

/// Text from outside with control characters escaped, so that it cannot control the terminal.
pub(crate) fn sanitized(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().all(harmless) {
        return text.to_owned();
    }
    let shown = text.chars().map(|c| {
        if harmless(c) {
            c.to_string()
        } else {
            c.escape_default().to_string()
        }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_commands_are_escaped() {
        assert_eq!(sanitized("Käse 🧀"), "Käse 🧀");
        assert_eq!(sanitized("a\x1b[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(sanitized("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn paints_only_when_colours_are_on() {
        let on = StreamStyle {
            terminal: false,
            color: true,
        };
        let off = StreamStyle { color: false, ..on };
        assert_eq!(on.paint(TextStyle::Red, "a"), "\x1b[31ma\x1b[0m");
        assert_eq!(off.paint(TextStyle::Red, "a"), "a");
    }
}
