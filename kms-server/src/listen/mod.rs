//! Sockets, TLS and limits: everything before the first look at what a request says.

mod activity;
mod connection;
mod socket;
pub mod tls;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use kms_core::caller::LocalPeer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, Limits, Timeouts};

pub use socket::BindError;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address; `None` over a Unix socket.
    pub ip: Option<IpAddr>,
    /// Whether nobody between can read or change what is sent: TLS or a Unix socket.
    pub secure: bool,
    /// Who it is, as far as the operating system or a certificate vouches for that.
    pub vouched: Option<Arc<LocalPeer>>,
}

impl Peer {
    fn plain(ip: Option<IpAddr>) -> Self {
        Self {
            ip,
            secure: false,
            vouched: None,
        }
    }

    fn over_tls(ip: Option<IpAddr>, session: &rustls::ServerConnection) -> Self {
        Self {
            ip,
            secure: true,
            vouched: tls::peer(session).map(Arc::new),
        }
    }

    fn on_socket(stream: &UnixStream) -> Self {
        Self {
            ip: None,
            secure: true,
            vouched: socket::peer(stream).map(Arc::new),
        }
    }
}

/// What answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. When the future is dropped, the client has gone.
    fn handle(
        &self,
        request: Request<Incoming>,
        peer: Peer,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;

    /// The answer where [`Handler::handle`] panicked.
    fn panicked(&self) -> Response<Full<Bytes>>;
}

/// Bound sockets.
pub struct Listeners {
    tcp: Vec<TcpListener>,
    unix: Option<socket::OwnedUnixListener>,
    tls: Option<TlsAcceptor>,
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints()).finish()
    }
}

impl Listeners {
    /// Binds every socket of the configuration.
    ///
    /// # Errors
    /// [`BindError`] names the address and what the operating system says.
    pub async fn bind(
        config: &Config,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<Self, BindError> {
        let mut tcp = Vec::new();
        for address in &config.listen {
            tcp.push(socket::tcp(*address).await?);
        }
        let mode = config.unix_socket_mode;
        let unix = config.unix_socket.as_deref();
        let unix = unix.map(|path| socket::unix(path, mode));
        Ok(Self {
            tcp,
            unix: unix.transpose()?,
            tls: tls.map(TlsAcceptor::from),
        })
    }

    /// Binds TCP addresses alone, all of them with TLS.
    ///
    /// # Errors
    /// As [`Listeners::bind`].
    pub async fn bind_tls(
        addresses: &[SocketAddr],
        tls: Arc<rustls::ServerConfig>,
    ) -> Result<Self, BindError> {
        let mut tcp = Vec::new();
        for address in addresses {
            tcp.push(socket::tcp(*address).await?);
        }
        Ok(Self {
            tcp,
            unix: None,
            tls: Some(TlsAcceptor::from(tls)),
        })
    }

    /// What clients connect to: `http://…`, `https://…` or `unix:PATH`.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let addresses = self.tcp.iter().filter_map(|tcp| tcp.local_addr().ok());
        let unix = self.unix.iter();
        addresses
            .map(|address| format!("{scheme}://{address}"))
            .chain(unix.map(|unix| format!("unix:{}", unix.path().display())))
            .collect()
    }

    /// The TCP addresses bound to.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.tcp.iter().filter_map(|tcp| tcp.local_addr().ok());
        addresses.collect()
    }

    /// Answers connections until `drain` turns true, then finishes what is under way.
    ///
    /// Returns whether everything was finished within the time for draining.
    pub async fn serve<H: Handler>(
        self,
        handler: Arc<H>,
        limits: Limits,
        timeouts: Timeouts,
        drain: watch::Receiver<bool>,
    ) -> bool {
        let connections = Arc::new(Semaphore::new(limits.connections));
        let server = Arc::new(Server {
            handler,
            http: http(limits),
            timeouts,
            drain: drain.clone(),
            connections: Arc::clone(&connections),
            tls: self.tls,
        });
        let mut accepting = tokio::task::JoinSet::new();
        for listener in self.tcp {
            accepting.spawn(Arc::clone(&server).accept_tcp(listener));
        }
        let unix = self.unix.map(socket::OwnedUnixListener::into_parts);
        let mut socket_file = None;
        if let Some((listener, file)) = unix {
            accepting.spawn(Arc::clone(&server).accept_unix(listener));
            socket_file = Some(file);
        }
        while accepting.join_next().await.is_some() {}
        drop(socket_file);
        let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
        let drained = connections.acquire_many(all);
        tokio::time::timeout(timeouts.drain, drained).await.is_ok()
    }
}

fn http(limits: Limits) -> Builder<TokioExecutor> {
    let header_bytes = limits.header_bytes;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(header_bytes)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX));
    builder
}

/// What every connection shares.
struct Server<H> {
    handler: Arc<H>,
    http: Builder<TokioExecutor>,
    timeouts: Timeouts,
    drain: watch::Receiver<bool>,
    connections: Arc<Semaphore>,
    tls: Option<TlsAcceptor>,
}

/// How long to wait after an accept failed, so that a shortage does not become a busy loop.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

impl<H: Handler> Server<H> {
    async fn accept_tcp(self: Arc<Self>, listener: TcpListener) {
        while let Some((permit, (stream, address))) = self.next(|| listener.accept()).await {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone before it was served");
                continue;
            }
            let server = Arc::clone(&self);
            let ip = Some(address.ip().to_canonical());
            tokio::spawn(async move {
                let _permit = permit;
                match &server.tls {
                    None => server.serve(stream, Peer::plain(ip)).await,
                    Some(acceptor) => {
                        let handshake = acceptor.accept(stream);
                        let limit = server.timeouts.handshake;
                        match tokio::time::timeout(limit, handshake).await {
                            Ok(Ok(stream)) => {
                                let peer = Peer::over_tls(ip, stream.get_ref().1);
                                server.serve(stream, peer).await;
                            }
                            Ok(Err(error)) => tls::note_refusal(&error, ip),
                            Err(_) => {}
                        }
                    }
                }
            });
        }
    }

    async fn accept_unix(self: Arc<Self>, listener: UnixListener) {
        while let Some((permit, (stream, _))) = self.next(|| listener.accept()).await {
            let server = Arc::clone(&self);
            tokio::spawn(async move {
                let _permit = permit;
                let peer = Peer::on_socket(&stream);
                server.serve(stream, peer).await;
            });
        }
    }

    /// The next connection once there is room for one; `None` when the server is to stop.
    async fn next<T, F>(&self, accept: impl Fn() -> F) -> Option<(OwnedSemaphorePermit, T)>
    where
        F: Future<Output = std::io::Result<T>>,
    {
        let mut drain = self.drain.clone();
        let next = async {
            loop {
                let permit = Arc::clone(&self.connections).acquire_owned().await.ok()?;
                match accept().await {
                    Ok(accepted) => return Some((permit, accepted)),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            _ = drain.wait_for(|stop| *stop) => None,
            accepted = next => accepted,
        }
    }

    async fn serve<I>(&self, io: I, peer: Peer)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handler = Arc::clone(&self.handler);
        connection::serve(
            io,
            peer,
            handler,
            &self.http,
            self.timeouts,
            self.drain.clone(),
        )
        .await;
    }
}
