//! The server's own events on standard error, a line each; requests are in the ledger, not here.

use std::io;

use tracing_subscriber::fmt;

use crate::config::LogFormat;

/// Starts logging at level `INFO`. A second call changes nothing.
///
/// Of a panic the place is told, not the message, which could hold what a request said.
pub(crate) fn start(format: LogFormat) {
    let builder = fmt().with_writer(io::stderr).with_ansi(false);
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
}
