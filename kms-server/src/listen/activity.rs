//! What a connection is doing, so that one that does nothing can be closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::config::Timeouts;

/// What is to be done about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Keep,
    /// Let it finish: it has been idle for long.
    Close,
    /// Drop it: a head of a request does not arrive.
    Drop,
}

/// The times that matter, in milliseconds since the connection began; kept by its own task, read
/// by its own task: the atomics are there because both halves of the task hold it.
#[derive(Debug)]
pub(super) struct Activity {
    begin: Instant,
    /// When the first byte of a head was read; 0 when none is being read.
    head_since: AtomicU64,
    /// When the last answer was finished.
    idle_since: AtomicU64,
    /// Requests being answered.
    under_way: AtomicU32,
    any_request: AtomicBool,
    /// Over HTTP/2 bytes arrive that belong to no head.
    multiplexed: AtomicBool,
}

impl Activity {
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(Self {
            begin: Instant::now(),
            head_since: AtomicU64::new(1),
            idle_since: AtomicU64::new(1),
            under_way: AtomicU32::new(0),
            any_request: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        let passed = self.begin.elapsed().as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn received(&self) {
        if self.under_way.load(Relaxed) == 0 && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    /// A head has arrived; the request is under way until the guard is dropped.
    pub(super) fn request(self: &Arc<Self>, version: http::Version) -> UnderWay {
        self.multiplexed
            .store(version == http::Version::HTTP_2, Relaxed);
        self.any_request.store(true, Relaxed);
        self.under_way.fetch_add(1, Relaxed);
        self.head_since.store(0, Relaxed);
        UnderWay(Arc::clone(self))
    }

    pub(super) fn verdict(&self, timeouts: &Timeouts) -> Verdict {
        let now = self.now();
        let longer_than = |since: u64, limit: Duration| {
            u128::from(now.saturating_sub(since)) >= limit.as_millis()
        };
        if self.under_way.load(Relaxed) > 0 {
            return Verdict::Keep;
        }
        let head_since = self.head_since.load(Relaxed);
        let expects_head = !self.any_request.load(Relaxed) || !self.multiplexed.load(Relaxed);
        if expects_head && head_since != 0 && longer_than(head_since, timeouts.header) {
            return Verdict::Drop;
        }
        if longer_than(self.idle_since.load(Relaxed), timeouts.idle) {
            return Verdict::Close;
        }
        Verdict::Keep
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

/// A stream that notes when something is read.
#[derive(Debug)]
pub(super) struct Watched<I> {
    pub(super) io: I,
    pub(super) activity: Arc<Activity>,
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
