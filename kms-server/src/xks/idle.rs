//! Connections that wait for their next request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Connections kept for the next request, of one proxy.
const MOST_OF_ONE: usize = 16;

/// Connections kept, of all proxies: whoever may name proxies names as many as they like.
const MOST: usize = 256;

/// How long a connection is kept without a request: shorter than proxies keep theirs.
const LONGEST: Duration = Duration::from_secs(20);

/// A connection that one end may have closed.
pub(super) trait Closable {
    /// Whether no request can go out any more.
    fn is_closed(&self) -> bool;
}

/// Connections by the host that TLS was made to.
pub(super) struct Idle<C> {
    connections: Mutex<HashMap<String, Vec<(Instant, C)>>>,
    longest: Duration,
}

impl<C> Default for Idle<C> {
    fn default() -> Self {
        Self {
            connections: Mutex::default(),
            longest: LONGEST,
        }
    }
}

impl<C: Closable> Idle<C> {
    /// A connection to use again, the youngest first.
    pub(super) fn take(&self, host: &str) -> Option<C> {
        let mut idle = self.connections();
        let kept = idle.get_mut(host)?;
        kept.retain(|kept| self.is_usable(kept));
        kept.pop().map(|(_, connection)| connection)
    }

    /// Keeps a connection if there is room, and lets go of those, of every host, that are not
    /// worth keeping.
    pub(super) fn keep(&self, host: String, connection: C) {
        let mut idle = self.connections();
        idle.retain(|_, kept| {
            kept.retain(|kept| self.is_usable(kept));
            !kept.is_empty()
        });
        let count: usize = idle.values().map(Vec::len).sum();
        if count >= MOST || connection.is_closed() {
            return;
        }
        let kept = idle.entry(host).or_default();
        if kept.len() < MOST_OF_ONE {
            kept.push((Instant::now(), connection));
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<String, Vec<(Instant, C)>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_usable(&self, (since, connection): &(Instant, C)) -> bool {
        since.elapsed() < self.longest && !connection.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Clone, Default)]
    struct Connection(Arc<AtomicBool>);

    impl Closable for Connection {
        fn is_closed(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// Connections that no time takes away, however busy the machine is.
    fn kept_for_ever() -> Idle<Connection> {
        Idle {
            longest: Duration::MAX,
            ..Idle::default()
        }
    }

    fn count(idle: &Idle<Connection>) -> usize {
        idle.connections().values().map(Vec::len).sum()
    }

    #[test]
    fn many_hosts_do_not_make_many_connections() {
        let idle = kept_for_ever();
        for host in 0..1000 {
            idle.keep(format!("h{host}.example.com"), Connection::default());
        }
        assert_eq!(count(&idle), MOST);
        let idle = kept_for_ever();
        for _ in 0..100 {
            idle.keep("one.example.com".to_owned(), Connection::default());
        }
        assert_eq!(count(&idle), MOST_OF_ONE);
    }

    #[test]
    fn connections_that_are_closed_leave_nothing_behind() {
        let idle = kept_for_ever();
        let all = Connection::default();
        for host in 0..1000 {
            idle.keep(format!("h{host}.example.com"), all.clone());
        }
        all.0.store(true, Ordering::SeqCst);
        assert!(idle.take("h0.example.com").is_none());
        idle.keep("new.example.com".to_owned(), Connection::default());
        assert_eq!(idle.connections().len(), 1);
        assert!(idle.take("other.example.com").is_none());
        assert!(idle.take("new.example.com").is_some());
        assert!(idle.take("new.example.com").is_none());
    }
}
