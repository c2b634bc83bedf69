//! How much is under way at once, so that one proxy takes from nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests under way at once: slow proxies do not take the server's descriptors away.
const MOST: usize = 256;

/// Requests under way at once, to one host: one slow proxy does not stop the others.
const MOST_OF_ONE: usize = 64;

/// Names that are looked up at once. Each takes a thread for as long as the name service takes,
/// however soon its request gives up.
const MOST_LOOKUPS: usize = 16;

/// Who may go on.
pub(super) struct Turns {
    requests: Arc<Semaphore>,
    of_host: Mutex<HashMap<String, Weak<Semaphore>>>,
    lookups: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(MOST)),
            of_host: Mutex::default(),
            lookups: Arc::new(Semaphore::new(MOST_LOOKUPS)),
        }
    }
}

/// The turn of one request, until it is dropped.
pub(super) struct Turn {
    _of_host: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits for the turn of a request to `host`: who waits for a slow proxy takes no room.
    pub(super) async fn request(&self, host: &str) -> Option<Turn> {
        let of_host = self.host(host).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.requests).acquire_owned().await.ok()?;
        Some(Turn {
            _of_host: of_host,
            _of_all: of_all,
        })
    }

    /// Looks a name up, which goes on to its end and counts until then when nobody waits for it
    /// any more: the system's name service cannot be called off.
    pub(super) async fn lookup<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.lookups).acquire_owned().await.ok()?;
        let looking = tokio::spawn(async move {
            let found = work.await;
            drop(turn);
            found
        });
        looking.await.ok()
    }

    fn host(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.of_host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(host).and_then(Weak::upgrade) {
            return known;
        }
        hosts.retain(|_, known| known.strong_count() > 0);
        let made = Arc::new(Semaphore::new(MOST_OF_ONE));
        hosts.insert(host.to_owned(), Arc::downgrade(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use tokio::sync::oneshot;

    use super::*;

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn turn(turns: &Turns, host: &str) -> Option<Turn> {
        match poll(turns.request(host)) {
            Poll::Ready(turn) => turn,
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_proxy_does_not_take_the_turns_of_another() {
        let turns = Turns::default();
        let slow: Vec<_> = (0..MOST).filter_map(|_| turn(&turns, "slow")).collect();
        assert_eq!(slow.len(), MOST_OF_ONE);
        let other = turn(&turns, "other");
        assert!(other.is_some());
        drop((slow, other));
        let all: Vec<_> = (0..MOST + 9)
            .filter_map(|host| turn(&turns, &host.to_string()))
            .collect();
        assert_eq!(all.len(), MOST);
        drop(all);
        assert!(turn(&turns, "slow").is_some());
        assert_eq!(turns.of_host.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_lookup_counts_until_it_ends() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let turns = Turns::default();
            let mut hanging = Vec::new();
            for _ in 0..MOST_LOOKUPS {
                let (answer, answered) = oneshot::channel::<()>();
                hanging.push(answer);
                // The request gives up at once.
                assert!(poll(turns.lookup(answered)).is_pending());
                tokio::task::yield_now().await;
            }
            assert!(poll(turns.lookup(async {})).is_pending());
            hanging.pop().unwrap().send(()).unwrap();
            assert_eq!(turns.lookup(async { 7 }).await, Some(7));
        });
    }
}
