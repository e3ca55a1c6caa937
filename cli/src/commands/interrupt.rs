//! Ctrl-C and SIGTERM as events to wait for, instead of a sudden end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};

/// Receives the signals sent after its creation; each wait is for one more.
#[derive(Debug)]
pub(crate) struct InterruptSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl InterruptSignal {
    /// From here on Ctrl-C no longer ends the program by itself.
    pub(crate) fn new() -> Result<Self> {
        let watch = |kind| {
            signal(kind)
                .map_err(|error| Error::failure(format!("cannot watch for Ctrl-C: {error}")))
        };
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
