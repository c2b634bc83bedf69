//! The last use of each key and of each access key, read from the ledger, where every use stands before its answer
//! leaves: nothing is written when a key is used. `docs/spec/key-usage.md`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use crate::Error;
use crate::api::{KeyLastUsageData, Operation};
use crate::audit::{self, Records};
use crate::crypto::random::Random;
use crate::ids::{AccessKeyId, KeyArn};
use crate::root::{Barrier, Place, RecordKind, durable};
use crate::store::home::Home;
use crate::time::Timestamp;

/// The file of the snapshot, and what its seal calls it.
const SNAPSHOT: &str = "key-usage.sealed";
const SNAPSHOT_PATH: &str = "setting/key-usage";
/// The fewest records from one snapshot to the next.
const SNAPSHOT_EVERY: u64 = 10_000;

/// How many records are read while others wait.
const AT_ONCE: usize = 1024;

/// Knows the last use of each key.
#[derive(Debug)]
pub(super) struct KeyUsage {
    ledger: PathBuf,
    snapshot: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    uses: Uses,
    /// Where reading goes on; `None` before the first, and after one that failed.
    records: Option<Records>,
    /// The position of the snapshot on the disk.
    stored: u64,
}

/// The last uses as of a position in the ledger.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Uses {
    /// The first record that is not read yet.
    position: u64,
    last: HashMap<KeyArn, Use>,
    access_keys: HashMap<AccessKeyId, AccessKeyUse>,
}

/// The last request that an access key signed, whether it was permitted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKeyUse {
    /// When, in whole seconds.
    pub time: Timestamp,
    /// Which service was asked: `kms`, `iam` or `sts`.
    pub service: String,
    /// The Region that the request was signed for.
    pub region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    operation: String,
    time: Timestamp,
    event_id: String,
    request_id: String,
}

/// The members of a record that tell of a use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    event_name: Cow<'a, str>,
    #[serde(borrow)]
    event_time: Cow<'a, str>,
    #[serde(borrow, rename = "eventID")]
    event_id: Cow<'a, str>,
    #[serde(borrow, default, rename = "requestID")]
    request_id: Cow<'a, str>,
    #[serde(default)]
    error_code: Option<Cow<'a, str>>,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(borrow)]
    event_source: Cow<'a, str>,
    #[serde(borrow, default)]
    aws_region: Cow<'a, str>,
    #[serde(borrow)]
    user_identity: Identity<'a>,
}

/// Who signed a request. Of a caller who was not known nobody knows that.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    access_key_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "ARN")]
    arn: String,
}

impl Engine {
    /// Reads which keys were used since the last call, so that nobody who asks has to wait for it.
    ///
    /// # Errors
    /// [`Error::Internal`] when the ledger cannot be read, or the snapshot not be written.
    pub fn keep_up_with_key_usage(&self) -> Result<(), Error> {
        self.usage.follow()?;
        let known = self.usage.known();
        if !known.is_due(self.ledger.size()) {
            return Ok(());
        }
        let keys: Vec<KeyArn> = known.uses.last.keys().cloned().collect();
        let access_keys: Vec<AccessKeyId> = known.uses.access_keys.keys().cloned().collect();
        // Whoever walks a request holds the state and may want what is known: never hold both.
        drop(known);
        let state = self.state()?;
        let gone: Vec<KeyArn> = keys.into_iter().filter(|key| !state.has_key(key)).collect();
        let deleted: Vec<AccessKeyId> = access_keys
            .into_iter()
            .filter(|id| state.access_key(id).is_none())
            .collect();
        drop(state);
        let (position, content) = self.usage.without(&gone, &deleted)?;
        store(
            &self.usage.snapshot,
            position,
            &content,
            self.barrier(),
            self.random(),
        )?;
        self.usage.known().stored = position;
        Ok(())
    }
}

impl KeyUsage {
    /// Reads the snapshot in `home`, if there is one that opens and does not know more than the
    /// `records` of the ledger; whatever is wrong with it, the ledger tells all that it told.
    pub(super) fn open(home: &Home, records: u64) -> Self {
        let snapshot = home.directory().join(SNAPSHOT);
        let uses = load(&snapshot, &home.barrier()).filter(|uses| uses.position <= records);
        let uses = uses.unwrap_or_default();
        Self {
            ledger: home.ledger_directory(),
            snapshot,
            known: Mutex::new(Known {
                stored: uses.position,
                records: None,
                uses,
            }),
        }
    }

    /// Reads what was recorded meanwhile, a little at a time, so that nobody who asks for what is
    /// known waits for all of it. Call it without a lock.
    pub(super) fn follow(&self) -> Result<(), Error> {
        while self.known().follow(&self.ledger)? {}
        Ok(())
    }

    /// The last use of a key, as of the last [`KeyUsage::follow`].
    pub(super) fn of(&self, key: &KeyArn) -> Result<Option<KeyLastUsageData>, Error> {
        let known = self.known();
        known.uses.last.get(key).map(Use::to_data).transpose()
    }

    /// The last use of a long-term access key, as of the last [`KeyUsage::follow`].
    pub(super) fn of_access_key(&self, id: &AccessKeyId) -> Option<AccessKeyUse> {
        self.known().uses.access_keys.get(id).cloned()
    }

    /// The time of the last use of a key, as of the last [`KeyUsage::follow`].
    ///
    /// # Errors
    /// [`Error::Internal`] when that failed, so that nobody knows.
    pub(super) fn time_of(&self, key: &KeyArn) -> Result<Option<Timestamp>, Error> {
        let known = self.known();
        if known.records.is_none() {
            return Err(Error::internal("the use of keys could not be read"));
        }
        Ok(known.uses.last.get(key).map(|used| used.time))
    }

    /// Forgets keys that are gone; the content of a snapshot and its position.
    fn without(&self, gone: &[KeyArn], deleted: &[AccessKeyId]) -> Result<(u64, Vec<u8>), Error> {
        let mut known = self.known();
        for id in deleted {
            known.uses.access_keys.remove(id);
        }
        for key in gone {
            known.uses.last.remove(key);
        }
        let content = serde_json::to_vec(&known.uses).map_err(Error::internal)?;
        Ok((known.uses.position, content))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What is known stays a prefix of the ledger wherever a thread panics.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether so much is known that is not stored that storing it costs little beside it. What the
    /// ledger may lose in a crash, whose first `durable` records are on the disk, is not stored.
    fn is_due(&self, durable: u64) -> bool {
        let position = self.uses.position;
        let keys = u64::try_from(self.uses.last.len()).unwrap_or(u64::MAX);
        let due = self.stored.saturating_add(SNAPSHOT_EVERY.max(keys));
        (due..=durable).contains(&position)
    }

    /// Reads some records; whether there may be more.
    fn follow(&mut self, ledger: &Path) -> Result<bool, Error> {
        let mut records = match self.records.take() {
            Some(records) => records,
            None => audit::read(ledger, self.uses.position).map_err(Error::internal)?,
        };
        let mut count = 0;
        for record in records.by_ref().take(AT_ONCE) {
            let (index, line) = record.map_err(Error::internal)?;
            self.uses.take(&line)?;
            self.uses.position = index.saturating_add(1);
            count += 1;
        }
        self.records = Some(records);
        Ok(count == AT_ONCE)
    }
}

impl Uses {
    fn take(&mut self, line: &[u8]) -> Result<(), Error> {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else {
            // Not a record of a request: one of the ledger's own.
            return Ok(());
        };
        self.take_access_key(&line)?;
        let operation = line.event_name.parse::<Operation>();
        if line.error_code.is_some() || !operation.is_ok_and(Operation::is_key_usage) {
            return Ok(());
        }
        let time = line.time()?;
        let last = Use {
            operation: line.event_name.into_owned(),
            time,
            event_id: line.event_id.into_owned(),
            request_id: line.request_id.into_owned(),
        };
        for resource in line.resources {
            if let Ok(key) = resource.arn.parse() {
                self.last.insert(key, last.clone());
            }
        }
        Ok(())
    }
}

impl Line<'_> {
    fn time(&self) -> Result<Timestamp, Error> {
        Timestamp::from_rfc3339(&self.event_time)
            .ok_or_else(|| Error::internal("a record of the ledger has no time"))
    }
}

impl Uses {
    /// Temporary access keys are many, and nobody asks for them.
    fn take_access_key(&mut self, line: &Line<'_>) -> Result<(), Error> {
        let id = line.user_identity.access_key_id.as_ref();
        let Some(id) = id.and_then(|id| id.parse::<AccessKeyId>().ok()) else {
            return Ok(());
        };
        if line.user_identity.kind == "Unknown" || id.is_temporary() {
            return Ok(());
        }
        let service = line.event_source.split('.').next().unwrap_or_default();
        let last = AccessKeyUse {
            time: line.time()?,
            service: service.to_owned(),
            region: line.aws_region.to_string(),
        };
        self.access_keys.insert(id, last);
        Ok(())
    }
}

impl Use {
    fn to_data(&self) -> Result<KeyLastUsageData, Error> {
        let operation = self.operation.parse();
        Ok(KeyLastUsageData {
            operation: operation.map_err(|_| Error::internal("no such operation"))?,
            timestamp: self.time,
            cloud_trail_event_id: self.event_id.clone(),
            kms_request_id: self.request_id.clone(),
        })
    }
}

fn place(position: u64) -> Place<'static> {
    Place {
        path: SNAPSHOT_PATH,
        revision: position,
        kind: RecordKind::Setting,
    }
}

fn load(path: &Path, barrier: &Barrier) -> Option<Uses> {
    let file = std::fs::read(path).ok()?;
    let (position, sealed) = file.split_first_chunk::<8>()?;
    let position = u64::from_be_bytes(*position);
    let opened = barrier.open(place(position), sealed).ok()?;
    let uses: Uses = serde_json::from_slice(opened.expose()).ok()?;
    (uses.position == position).then_some(uses)
}

fn store(
    path: &Path,
    position: u64,
    content: &[u8],
    barrier: &Barrier,
    random: &dyn Random,
) -> Result<(), Error> {
    let sealed = barrier.seal(place(position), content, random);
    let mut file = position.to_be_bytes().to_vec();
    file.extend_from_slice(&sealed.map_err(Error::internal)?);
    durable::replace(path, &file).map_err(Error::internal)
}
