//! The principals file: applied at the start, and again when it or a file that it names has
//! changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kms_core::principals_file::PrincipalsFile;
use kms_core::service::{
    ChangeAction, Engine, PrincipalsOutcome, PrincipalsSource, Stamp, UnreadablePrincipals,
};
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval};

use crate::Exit;
use crate::config::Config;
use crate::store::{StoreFault, apply_principals};

/// How often the files are looked at. A change counts once two looks have found the same: whoever
/// writes a file in parts is not read half-way.
const EVERY: Duration = Duration::from_secs(2);

/// Why the principals file is not applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrincipalsFault {
    /// It is no principals file.
    #[error(transparent)]
    Unreadable(#[from] UnreadablePrincipals),
    /// The store cannot be as it says.
    #[error("{}: {source}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<StoreFault>,
    },
}

impl PrincipalsFault {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unreadable(_) => Exit::Usage,
            Self::Refused { source, .. } => source.exit(),
        }
    }

    /// Whether the same file may be applied later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable(_) => false,
            Self::Refused { source, .. } => matches!(**source, StoreFault::Unrecorded(_)),
        }
    }
}

/// The principals file of the configuration.
pub(crate) struct Principals {
    config: Config,
    path: PathBuf,
    source: PrincipalsSource,
}

/// The file as it was read and not applied yet.
pub(crate) struct Unapplied {
    principals: Principals,
    file: PrincipalsFile,
}

impl Unapplied {
    pub(crate) fn applied(self, engine: &Engine) -> Result<Principals, PrincipalsFault> {
        self.principals.apply(engine, self.file)?;
        Ok(self.principals)
    }
}

impl Principals {
    /// Reads the file, if the configuration names one.
    pub(crate) fn read(config: &Config) -> Result<Option<Unapplied>, PrincipalsFault> {
        let Some(path) = config.principals_file.clone() else {
            return Ok(None);
        };
        let mut principals = Self {
            config: config.clone(),
            source: PrincipalsSource::new(path.clone()),
            path,
        };
        let file = principals.source.read()?;
        Ok(Some(Unapplied { principals, file }))
    }

    fn apply(&self, engine: &Engine, file: PrincipalsFile) -> Result<(), PrincipalsFault> {
        let applied = apply_principals(engine, &self.config, file);
        let outcome = applied.map_err(|source| PrincipalsFault::Refused {
            path: self.path.clone(),
            source: Box::new(source),
        })?;
        tell(&outcome);
        Ok(())
    }

    fn again(&mut self, engine: &Engine) -> Result<(), PrincipalsFault> {
        let file = self.source.read()?;
        self.apply(engine, file)
    }

    /// Applies the file whenever it has changed, and at each SIGHUP, for ever. One that cannot be
    /// applied leaves what was applied before.
    pub(crate) async fn keep(self, engine: Arc<Engine>, mut hangup: Signal) {
        let mut look = Look {
            principals: self,
            pending: None,
        };
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let told = tokio::select! {
                _ = tick.tick() => false,
                _ = hangup.recv() => true,
            };
            let engine = Arc::clone(&engine);
            let looked = tokio::task::spawn_blocking(move || {
                look.run(&engine, told);
                look
            });
            match looked.await {
                Ok(after) => look = after,
                Err(error) => {
                    tracing::error!(%error, "the principals file is not looked at any more");
                    return;
                }
            }
        }
    }
}

/// One look after the other at the files.
struct Look {
    principals: Principals,
    /// What the last look found to be new.
    pending: Option<Vec<Stamp>>,
}

impl Look {
    fn run(&mut self, engine: &Engine, told: bool) {
        let source = &self.principals.source;
        let now = source.now();
        let settled = self.pending.as_ref() == Some(&now);
        if !told && !settled {
            self.pending = (now != source.seen()).then_some(now);
            return;
        }
        self.pending = None;
        if let Err(fault) = self.principals.again(engine) {
            tracing::error!(
                "the principals file is not applied, what was applied before stays: {fault}"
            );
            if fault.may_pass() {
                self.pending = Some(self.principals.source.now());
            }
        }
    }
}

fn tell(outcome: &PrincipalsOutcome) {
    let count = |action| {
        let changes = outcome.changes.iter();
        changes.filter(|change| change.action == action).count()
    };
    tracing::info!(
        created = count(ChangeAction::Create),
        adopted = count(ChangeAction::Adopt),
        changed = count(ChangeAction::Change),
        removed = count(ChangeAction::Remove),
        released = count(ChangeAction::Release),
        "the principals file is applied"
    );
}
