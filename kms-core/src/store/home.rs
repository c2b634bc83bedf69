//! The home directory of one store: what lies where, how it comes to be, who may change it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::FlockOperation;

use super::sealed::{Record, SealedStore};
use super::sqlite::{SqliteStore, signal};
use super::{Revision, Store, StoreError};
use crate::crypto::Failed;
use crate::crypto::random::{self, Random};
use crate::root::seal::{KeyFile, Passphrase, ProviderKind};
use crate::root::{Barrier, RingError, RootKeyRing, SealError, SealProvider, durable, ring};

const LOCK: &str = "lock";
const ROOT_KEY: &str = "root.key";
const SEALED_ROOT: &str = "root.sealed";
const DATABASE: &str = "store.db";
const LEDGER: &str = "ledger";

/// What guards the root key of a home.
#[derive(Debug)]
pub enum RootGuard {
    /// A key file; `root.key` in the home directory when no path is given.
    KeyFile(Option<PathBuf>),
    /// A passphrase; its cost counts only where something is sealed anew.
    Passphrase(Passphrase),
}

/// Why a home cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Nothing was created there yet.
    #[error("no store at {}", .0.display())]
    NoStore(PathBuf),
    /// It is not overwritten.
    #[error("a store is at {} already", .0.display())]
    Exists(PathBuf),
    /// Ask for the passphrase and try again.
    #[error("the root key is guarded by a passphrase, which is needed")]
    PassphraseNeeded,
    /// The wrong key file, the wrong passphrase, or a damaged `root.sealed`.
    #[error(transparent)]
    Root(#[from] RingError),
    /// `root.sealed` belongs to another `store.db`.
    #[error("the root key at {} is that of another store", .0.display())]
    OtherStore(PathBuf),
    /// A part of a store that was in use is gone.
    #[error("the store at {} lacks its {missing}; put it back from a backup", directory.display())]
    Incomplete {
        /// The home directory.
        directory: PathBuf,
        /// The file that is not there.
        missing: &'static str,
    },
    /// The records cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system refused.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<SealError> for HomeError {
    fn from(error: SealError) -> Self {
        Self::Root(error.into())
    }
}

impl From<Failed> for HomeError {
    fn from(failed: Failed) -> Self {
        Self::Root(failed.into())
    }
}

/// An unlocked home directory.
#[derive(Debug)]
pub struct Home {
    directory: PathBuf,
    barrier: Arc<Barrier>,
    store: Arc<SqliteStore>,
    lock: Mutex<File>,
}

/// Only its holder changes the store or the ledger; released on drop, and by the death of the
/// process.
#[derive(Debug)]
pub struct MutationLock<'a>(MutexGuard<'a, File>);

impl Drop for MutationLock<'_> {
    fn drop(&mut self) {
        // Unlocking a lock that is held cannot fail; closing the file would release it too.
        let _ = rustix::fs::flock(&*self.0, FlockOperation::Unlock);
    }
}

impl Home {
    /// Makes the directory (mode 0700), the root key, the records and the ledger's directory.
    ///
    /// `root.sealed` is written last: a creation that was cut short left nothing of value and can
    /// be run again. A key file that is there already is used, never overwritten.
    ///
    /// # Errors
    /// [`HomeError::Exists`], [`HomeError::Incomplete`] when records without their root key are
    /// there, [`HomeError`].
    pub fn create(
        directory: &Path,
        guard: &RootGuard,
        random: &dyn Random,
    ) -> Result<Self, HomeError> {
        make_directory(directory)?;
        let lock = open_lock(directory)?;
        acquire(&lock).map_err(at(directory))?;
        if is_there(&directory.join(SEALED_ROOT))? {
            return Err(HomeError::Exists(directory.to_owned()));
        }
        clear_unfinished(directory)?;
        let ring = RootKeyRing::generate(random::array(random)?, random)?;
        let barrier = Barrier::new(&ring)?;
        make_database(directory, &barrier, random)?;
        make_directory(&directory.join(LEDGER))?;
        let sealed_root = directory.join(SEALED_ROOT);
        with_new_provider(directory, guard, random, |provider| {
            ring.save(&sealed_root, provider, random)
        })?;
        Self::assemble(directory, barrier, lock)
    }

    /// Unlocks the home. Nothing is changed before the root key is open.
    ///
    /// # Errors
    /// [`HomeError::NoStore`], [`HomeError::PassphraseNeeded`], [`HomeError::Root`] for a wrong
    /// key file or passphrase, [`HomeError`].
    pub fn open(directory: &Path, guard: &RootGuard) -> Result<Self, HomeError> {
        let ring = unlock(directory, guard)?;
        if !is_there(&directory.join(DATABASE))? {
            return Err(incomplete(directory, DATABASE));
        }
        Self::assemble(directory, Barrier::new(&ring)?, open_lock(directory)?)
    }

    /// Guards the same root keys with something else. The old key file, if there was one, stays.
    ///
    /// # Errors
    /// As [`Home::open`]; the old guard then still holds.
    pub fn reseal(
        directory: &Path,
        old: &RootGuard,
        new: &RootGuard,
        random: &dyn Random,
    ) -> Result<(), HomeError> {
        let lock = open_existing_lock(directory)?;
        acquire(&lock).map_err(at(directory))?;
        let ring = unlock(directory, old)?;
        let sealed_root = directory.join(SEALED_ROOT);
        with_new_provider(directory, new, random, |provider| {
            ring.save(&sealed_root, provider, random)
        })
    }

    fn assemble(directory: &Path, barrier: Barrier, lock: File) -> Result<Self, HomeError> {
        let store = SqliteStore::open(&directory.join(DATABASE))?;
        if store.store_id() != barrier.store_id() {
            return Err(HomeError::OtherStore(directory.join(SEALED_ROOT)));
        }
        // A creation hands over a lock that it holds.
        rustix::fs::flock(&lock, FlockOperation::Unlock)
            .map_err(|errno| at(directory)(errno.into()))?;
        Ok(Self {
            directory: directory.to_owned(),
            barrier: Arc::new(barrier),
            store: Arc::new(store),
            lock: Mutex::new(lock),
        })
    }

    /// The barrier over the home's records.
    #[must_use]
    pub fn barrier(&self) -> Arc<Barrier> {
        Arc::clone(&self.barrier)
    }

    /// The store under the records.
    #[must_use]
    pub fn store(&self) -> Arc<SqliteStore> {
        Arc::clone(&self.store)
    }

    /// Opens and verifies all records.
    ///
    /// # Errors
    /// As [`SealedStore::open`].
    pub fn open_records<R: Send>(
        &self,
        random: Arc<dyn Random>,
        read: impl Fn(Record) -> R + Sync,
    ) -> Result<(SealedStore, Vec<R>), StoreError> {
        SealedStore::open(self.store(), self.barrier(), random, read)
    }

    /// Where the home is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the ledger's files are.
    #[must_use]
    pub fn ledger_directory(&self) -> PathBuf {
        self.directory.join(LEDGER)
    }

    /// Waits until no other process or thread holds the lock, and takes it.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn lock(&self) -> Result<MutationLock<'_>, HomeError> {
        let file = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        acquire(&file).map_err(at(&self.directory))?;
        Ok(MutationLock(file))
    }
}

fn unlock(directory: &Path, guard: &RootGuard) -> Result<RootKeyRing, HomeError> {
    let sealed_root = directory.join(SEALED_ROOT);
    let sealed = match ring::read_sealed(&sealed_root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(if holds_records(directory)? {
                incomplete(directory, SEALED_ROOT)
            } else {
                HomeError::NoStore(directory.to_owned())
            });
        }
        other => other.map_err(at(&sealed_root))?,
    };
    let ring = match (guard, ProviderKind::of(&sealed)?) {
        (RootGuard::KeyFile(None), ProviderKind::Passphrase) => {
            return Err(HomeError::PassphraseNeeded);
        }
        (RootGuard::KeyFile(path), _) => {
            let path = path.clone().unwrap_or_else(|| directory.join(ROOT_KEY));
            RootKeyRing::unseal(&sealed, &KeyFile::load(&path).map_err(SealError::from)?)
        }
        (RootGuard::Passphrase(passphrase), _) => RootKeyRing::unseal(&sealed, passphrase),
    };
    Ok(ring?)
}

fn with_new_provider(
    directory: &Path,
    guard: &RootGuard,
    random: &dyn Random,
    seal: impl FnOnce(&dyn SealProvider) -> Result<(), RingError>,
) -> Result<(), HomeError> {
    Ok(match guard {
        RootGuard::Passphrase(passphrase) => seal(passphrase),
        RootGuard::KeyFile(path) => {
            let path = path.clone().unwrap_or_else(|| directory.join(ROOT_KEY));
            let key_file = if is_there(&path)? {
                KeyFile::load(&path).map_err(SealError::from)?
            } else {
                KeyFile::create(&path, random)?
            };
            seal(&key_file)
        }
    }?)
}

/// Gathers the database under another name, so that `store.db` is whole whenever it is there.
fn make_database(
    directory: &Path,
    barrier: &Barrier,
    random: &dyn Random,
) -> Result<(), HomeError> {
    let database = directory.join(DATABASE);
    let pending = durable::pending(&database);
    let store = SqliteStore::create(&pending, barrier.store_id())?;
    SealedStore::create(&store, barrier, random)?;
    store.close()?;
    durable::remove_if_there(&signal::path_of(&pending))
        .and_then(|()| fs::rename(&pending, &database))
        .and_then(|()| durable::sync_parent(&database))
        .map_err(at(&database))
}

/// Removes what a creation that was cut short left, and nothing else.
fn clear_unfinished(directory: &Path) -> Result<(), HomeError> {
    if holds_records(directory)? {
        return Err(incomplete(directory, SEALED_ROOT));
    }
    let database = directory.join(DATABASE);
    let pending = durable::pending(&database);
    for file in [&pending, &database] {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            durable::remove_if_there(Path::new(&name)).map_err(at(directory))?;
        }
        durable::remove_if_there(&signal::path_of(file)).map_err(at(directory))?;
    }
    Ok(())
}

/// Whether a `store.db` is there that saw more commits than its creation.
fn holds_records(directory: &Path) -> Result<bool, HomeError> {
    let database = directory.join(DATABASE);
    Ok(is_there(&database)? && SqliteStore::open(&database)?.revision()? > Revision(1))
}

fn make_directory(directory: &Path) -> Result<(), HomeError> {
    let mut builder = DirBuilder::new();
    match builder.recursive(true).mode(0o700).create(directory) {
        Ok(()) => durable::sync_parent(directory).map_err(at(directory)),
        Err(source) => Err(at(directory)(source)),
    }
}

fn open_lock(directory: &Path) -> Result<File, HomeError> {
    let path = directory.join(LOCK);
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    options.open(&path).map_err(at(&path))
}

fn open_existing_lock(directory: &Path) -> Result<File, HomeError> {
    if is_there(directory)? && is_there(&directory.join(SEALED_ROOT))? {
        return open_lock(directory);
    }
    Err(HomeError::NoStore(directory.to_owned()))
}

fn acquire(lock: &File) -> io::Result<()> {
    let lock_it = || rustix::fs::flock(lock, FlockOperation::LockExclusive);
    Ok(rustix::io::retry_on_intr(lock_it)?)
}

fn is_there(path: &Path) -> Result<bool, HomeError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(path)(error)),
    }
}

fn incomplete(directory: &Path, missing: &'static str) -> HomeError {
    HomeError::Incomplete {
        directory: directory.to_owned(),
        missing,
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> HomeError {
    let path = path.to_owned();
    move |source| HomeError::Io {
        path: path.clone(),
        source,
    }
}
