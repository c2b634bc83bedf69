//! What the service does unasked: keys whose rotation or deletion is due.

use std::sync::Arc;
use std::time::Duration;

use kms_core::service::Engine;
use tokio::time::MissedTickBehavior;

/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(60);

/// Looks now and then for ever.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let engine = Arc::clone(&engine);
        let done = tokio::task::spawn_blocking(move || engine.run_due_jobs()).await;
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error);
                tracing::error!(cause, "rotations and deletions that are due wait: {error}");
            }
            Err(error) => tracing::error!(%error, "rotations and deletions that are due wait"),
        }
    }
}
