//! A store in memory: shows that the contract asks for nothing that only SQLite does.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use kms_core::store::{Change, Revision, Store, StoreError, StoreId, StoredRecord};

use crate::contract::Fixture;

#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<(Revision, BTreeMap<String, StoredRecord>)>>);

impl Store for MemoryStore {
    fn store_id(&self) -> StoreId {
        [7; 16]
    }

    fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.0.lock().unwrap().0)
    }

    fn get(&self, path: &str) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.0.lock().unwrap().1.get(path).cloned())
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_owned()),
            _ => Bound::Included(prefix.to_owned()),
        };
        let rows = &self.0.lock().unwrap().1;
        let within = rows
            .range((from, Bound::Unbounded))
            .map(|(_, record)| record);
        let within = within.take_while(|record| record.path.starts_with(prefix));
        Ok(within.take(limit).cloned().collect())
    }

    fn written_since(&self, since: Revision) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = &self.0.lock().unwrap().1;
        Ok(rows
            .values()
            .filter(|record| record.revision > since)
            .cloned()
            .collect())
    }

    fn commit(&self, change: &Change) -> Result<Revision, StoreError> {
        let mut state = self.0.lock().unwrap();
        if state.0 != change.expected {
            return Err(StoreError::Conflict);
        }
        let revision = change.expected.next();
        state.0 = revision;
        for (path, sealed) in &change.puts {
            let record = StoredRecord {
                path: path.clone(),
                revision,
                sealed: sealed.clone(),
            };
            state.1.insert(path.clone(), record);
        }
        for path in &change.deletes {
            state.1.remove(path);
        }
        Ok(revision)
    }
}

impl Fixture for MemoryStore {
    fn new() -> Self {
        Self::default()
    }

    fn handle(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }
}

crate::store_contract!(MemoryStore);
