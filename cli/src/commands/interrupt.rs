//! Ctrl-C (and a request to terminate) as something to wait for instead of a sudden end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};

/// Counts from its creation on; each wait is for one more.
#[derive(Debug)]
pub(crate) struct InterruptSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl InterruptSignal {
    /// From now on Ctrl-C no longer ends the program by itself.
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

    /// Until the next one.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
