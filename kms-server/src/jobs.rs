//! What the service does unasked: keys whose rotation or deletion is due, and the tie between the
//! store and a ledger that grows.

use std::sync::Arc;
use std::time::Duration;

use kms_core::Error;
use kms_core::service::Engine;
use tokio::time::MissedTickBehavior;

/// How often the ledger's growth is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How many such looks pass between two looks for keys that are due.
const LOOKS_PER_JOB: u32 = 60;
/// How many records an opening of the store may have to read: a fraction of a second's worth.
const MAX_UNANCHORED: u64 = 10_000;

/// Looks now and then for ever.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0;
    loop {
        tick.tick().await;
        let jobs_too = looks % LOOKS_PER_JOB == 0;
        looks = looks.wrapping_add(1);
        let engine = Arc::clone(&engine);
        match tokio::task::spawn_blocking(move || look(&engine, jobs_too)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error);
                tracing::error!(cause, "the service's own work waits: {error}");
            }
            Err(error) => tracing::error!(%error, "the service's own work waits"),
        }
    }
}

fn look(engine: &Engine, jobs_too: bool) -> Result<(), Error> {
    engine.anchor(MAX_UNANCHORED)?;
    if jobs_too {
        // What a look at the uses meets must not keep a key from its deletion.
        let due = engine.run_due_jobs();
        due.and(engine.keep_up_with_key_usage())
    } else {
        Ok(())
    }
}
