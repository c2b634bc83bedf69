//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::activity::{Activity, Verdict, Watched};
use super::{Handler, Peer};
use crate::config::Timeouts;

/// How often a connection is looked at while a head may be late: a part of the time for one.
const CHECKS_PER_HEADER_TIMEOUT: u32 = 4;

/// Serves requests until the peer closes, stalls, or the server is to stop.
pub(super) async fn serve<I, H>(
    io: I,
    peer: Peer,
    handler: Arc<H>,
    http: &Builder<TokioExecutor>,
    timeouts: Timeouts,
    mut drain: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let activity = Activity::begin();
    let io = TokioIo::new(Watched {
        io,
        activity: Arc::clone(&activity),
    });
    let requests = Arc::clone(&activity);
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let under_way = requests.request(request.version());
        let (handler, peer) = (Arc::clone(&handler), peer.clone());
        async move {
            let _under_way = under_way;
            let answer = unpanicked(handler.handle(request, peer)).await;
            Ok::<_, Infallible>(answer.unwrap_or_else(|| handler.panicked()))
        }
    });
    let mut connection = pin!(http.serve_connection(io, service));
    let every = (timeouts.header / CHECKS_PER_HEADER_TIMEOUT).max(Duration::from_millis(10));
    let mut check = tokio::time::interval(every);
    let mut closing = false;
    loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            _ = drain.wait_for(|stop| *stop), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = check.tick() => match activity.verdict(&timeouts) {
                Verdict::Keep => {}
                Verdict::Close if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Close | Verdict::Drop => return,
            },
        }
    }
}

/// The future's output, or `None` when it panicked: a fault in one request is that request's.
async fn unpanicked<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}
