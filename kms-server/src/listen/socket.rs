//! Binding sockets.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use kms_core::caller::LocalPeer;
use tokio::net::{TcpListener, UnixListener};

/// A socket that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {endpoint}: {source}")]
pub struct BindError {
    endpoint: String,
    source: std::io::Error,
}

pub(super) async fn tcp(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| BindError {
            endpoint: address.to_string(),
            source,
        })
}

/// A Unix socket whose file goes when it is closed.
#[derive(Debug)]
pub(super) struct OwnedUnixListener {
    listener: UnixListener,
    file: SocketFile,
}

/// Removes the file of a socket when it is dropped.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, "the socket file could not be removed");
        }
    }
}

impl OwnedUnixListener {
    pub(super) fn path(&self) -> &Path {
        &self.file.0
    }

    pub(super) fn into_parts(self) -> (UnixListener, SocketFile) {
        (self.listener, self.file)
    }
}

/// Binds a Unix socket, in place of one that nobody answers on any more; who may connect, the mode
/// of its file says.
pub(super) fn unix(path: &Path, mode: u32) -> Result<OwnedUnixListener, BindError> {
    let failed = |source| BindError {
        endpoint: path.display().to_string(),
        source,
    };
    remove_stale(path).map_err(failed)?;
    let listener = UnixListener::bind(path).map_err(failed)?;
    let file = SocketFile(path.to_owned());
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
    Ok(OwnedUnixListener { listener, file })
}

/// The process that connected, as it was when it did.
pub(super) fn peer(stream: &tokio::net::UnixStream) -> Option<LocalPeer> {
    let credentials = stream.peer_cred().ok()?;
    Some(LocalPeer::Process {
        uid: credentials.uid(),
        gid: credentials.gid(),
        pid: credentials.pid(),
    })
}

fn remove_stale(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(std::io::ErrorKind::AlreadyExists.into());
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(error) => Err(error),
        Ok(_) => Err(std::io::ErrorKind::AddrInUse.into()),
    }
}
