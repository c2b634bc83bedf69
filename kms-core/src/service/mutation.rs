//! Requests that change something: the change and its record are one commit.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::change::{Edit, Put};
use super::draft::{Draft, Ending};
use super::engine::{Engine, Outcome, conclude, poisoned};
use super::operation::{Operation, Performed};
use crate::Error;
use crate::audit::{Entry, Ledger, LedgerUnavailable, MAX_RECORD, Recorded};
use crate::root::RecordKind;
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// A record that is committed with its change and not known to be in the ledger: the outbox.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Outbox {
    /// The record's id.
    pub(super) event_id: String,
    /// How long the ledger was when the change was committed: the record is not before that.
    pub(super) ledger_size: u64,
    /// The record.
    pub(super) line: String,
}

impl Outbox {
    pub(super) fn path(&self) -> String {
        RecordKind::Outbox.path(&self.event_id)
    }

    fn to_put(&self) -> Result<Put, Error> {
        let body = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok((self.path(), RecordKind::Outbox, SecretBytes::new(body)))
    }
}

/// What the outbox holds as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// Committed, and not yet in the ledger, since the ledger failed.
    unrecorded: Vec<Outbox>,
    /// In the ledger; the next commit clears these rows away.
    recorded: Vec<String>,
}

impl Unfinished {
    /// Rows that were found when the store was opened.
    pub(super) fn found(unrecorded: Vec<Outbox>) -> Self {
        Self {
            unrecorded,
            recorded: Vec::new(),
        }
    }
}

impl Engine {
    /// Walks a request that changes something, alone among all processes on this store.
    pub(super) fn change<O: Operation>(
        &self,
        request: O,
        draft: &mut Draft<'_>,
        now: Timestamp,
    ) -> Outcome<O::Response> {
        let mut unfinished = self.mutation.lock().map_err(|e| unavailable(poisoned(e)))?;
        let _alone = self.home.lock().map_err(LedgerUnavailable::because)?;
        self.drain(&mut unfinished)?;
        let walked = self
            .state()
            .and_then(|state| self.walk(request, draft, &state, now));
        match walked {
            Ok(performed) if !performed.edits.is_empty() => {
                self.commit(draft, performed, &mut unfinished)
            }
            unchanged => {
                let (entry, answer) = conclude(draft, unchanged);
                Recorded::release_blocking(&self.ledger, entry, answer)
            }
        }
    }

    fn commit<R: Send>(
        &self,
        draft: &Draft<'_>,
        mut performed: Performed<R>,
        unfinished: &mut Unfinished,
    ) -> Outcome<R> {
        let next = self.records.head().revision.next();
        let entry = draft.finish(Ending::of(&mut performed).at_revision(next));
        let edits = std::mem::take(&mut performed.edits);
        let written = self.outbox(draft, &entry).and_then(|outbox| {
            self.write(edits, Some(&outbox), unfinished)
                .map(|()| outbox)
        });
        match written {
            Ok(outbox) => {
                let answer = performed.into_response();
                let recorded = Recorded::release_blocking(&self.ledger, entry, answer);
                match &recorded {
                    Ok(_) => unfinished.recorded.push(outbox.path()),
                    Err(_) => unfinished.unrecorded.push(outbox),
                }
                recorded
            }
            Err(error) => {
                let entry = draft.finish(Ending::refused(draft.event, &error));
                Recorded::release_blocking(&self.ledger, entry, Err(error))
            }
        }
    }

    fn outbox(&self, draft: &Draft<'_>, entry: &Entry) -> Result<Outbox, Error> {
        if !self.ledger.healthy() {
            return Err(Error::internal("the ledger takes no records"));
        }
        let line = std::str::from_utf8(entry.as_bytes())
            .map_err(Error::internal)?
            .to_owned();
        if entry.as_bytes().len() > MAX_RECORD {
            return Err(Error::internal("the record of the change is too long"));
        }
        let event_id = draft.event_id.clone();
        Ok(Outbox {
            event_id,
            ledger_size: self.ledger.size(),
            line,
        })
    }

    /// Commits edits with the outbox row of their record, and makes them in memory.
    fn write(
        &self,
        edits: Vec<Edit>,
        outbox: Option<&Outbox>,
        unfinished: &mut Unfinished,
    ) -> Result<(), Error> {
        let (mut puts, mut deletes) = (Vec::new(), unfinished.recorded.clone());
        let state = self.state.read().map_err(poisoned)?;
        for edit in &edits {
            edit.to_record(&state, &mut puts, &mut deletes)?;
        }
        drop(state);
        puts.extend(outbox.map(Outbox::to_put).transpose()?);
        let expected = self.records.head().revision;
        self.records
            .commit(expected, puts, deletes, self.ledger.size())
            .map_err(Error::internal)?;
        unfinished.recorded.clear();
        let mut state = self.state.write().map_err(poisoned)?;
        self.incomplete.store(true, Ordering::SeqCst);
        for edit in edits {
            edit.apply(&mut state)?;
        }
        self.incomplete.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Brings what was committed and not recorded into the ledger, once.
    ///
    /// The caller holds the lock of all processes, so that no other one is between its commit and
    /// its record.
    fn drain(&self, unfinished: &mut Unfinished) -> Result<(), LedgerUnavailable> {
        while let Some(outbox) = unfinished.unrecorded.last() {
            let there = self
                .ledger
                .contains_since(outbox.ledger_size, &outbox.event_id)
                .map_err(LedgerUnavailable::because)?;
            if !there {
                let entry = Entry::new(outbox.line.clone().into_bytes())
                    .map_err(LedgerUnavailable::because)?;
                self.ledger.append(entry).wait()?;
            }
            let path = outbox.path();
            unfinished.unrecorded.pop();
            unfinished.recorded.push(path);
        }
        Ok(())
    }

    /// Records what an earlier process committed and did not live to record.
    pub(super) fn recover(&self, found: Vec<Outbox>) -> Result<(), Error> {
        let mut unfinished = self.mutation.lock().map_err(poisoned)?;
        let _alone = self.home.lock().map_err(Error::internal)?;
        *unfinished = Unfinished::found(found);
        self.drain(&mut unfinished).map_err(Error::internal)
    }

    /// Ties the store to the ledger as it is now, if the ledger grew by `growth` records since the
    /// last commit: what an opening has to look through stays short.
    ///
    /// # Errors
    /// [`Error::Internal`] when the store or the lock fails.
    pub fn anchor(&self, growth: u64) -> Result<(), Error> {
        let mut unfinished = self.mutation.lock().map_err(poisoned)?;
        let grown = self
            .ledger
            .size()
            .saturating_sub(self.records.head().ledger_size);
        if grown < growth {
            return Ok(());
        }
        let _alone = self.home.lock().map_err(Error::internal)?;
        self.drain(&mut unfinished).map_err(Error::internal)?;
        drop(self.state()?);
        self.write(Vec::new(), None, &mut unfinished)
    }
}

/// How many records an opening may have to look through after this process has ended.
const ANCHOR_AT_CLOSE: u64 = 1000;

impl Drop for Engine {
    fn drop(&mut self) {
        // Without the anchor the next opening reads more of the ledger and is as safe.
        drop(self.anchor(ANCHOR_AT_CLOSE));
    }
}

fn unavailable(error: Error) -> LedgerUnavailable {
    LedgerUnavailable::because(error)
}
