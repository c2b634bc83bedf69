//! Unix sockets and TLS.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::time::Timestamp;
use kms_server::config::{Config, File, TlsFiles};
use kms_server::listen::{Listeners, tls};
use rustls::pki_types::ServerName;
use tempfile::TempDir;

use crate::harness::{SIXTEEN_BYTES, Server, config, exchange};

fn on_socket(path: &Path) -> Config {
    Config {
        listen: Vec::new(),
        unix_socket: Some(path.to_owned()),
        ..config()
    }
}

#[test]
fn a_unix_socket_serves_owner_and_group_and_goes_with_the_server() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kms.sock");
    let mut server = Server::start_with(&on_socket(&path));
    assert_eq!(server.endpoints, [format!("unix:{}", path.display())]);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let answer = exchange(
        UnixStream::connect(&path).unwrap(),
        &server.last_call("GenerateRandom", SIXTEEN_BYTES),
    );
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.records()[0]["sourceIPAddress"], "localhost");
    server.stop();
    assert!(server.finish());
    assert!(!path.exists());
}

#[test]
fn the_mode_of_a_socket_is_that_of_the_configuration() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kms.sock");
    for mode in [0o600, 0o666] {
        let mut server = Server::start_with(&Config {
            unix_socket_mode: mode,
            ..on_socket(&path)
        });
        let found = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode);
        server.stop();
        assert!(server.finish());
    }
}

#[test]
fn a_session_is_resumed_only_where_no_certificate_is_asked_for() {
    let directory = TempDir::new().unwrap();
    let (plain, client) = tls_config(directory.path());
    let authority = authority(directory.path());
    let file = format!(
        "home = '/h'\n[tls]\ncertificate = '/c'\nkey = '/k'\nclient_ca = {authority:?}\n\
         [[certificate]]\ndns_san = 'a.b'\nprincipal = 'user/ci'"
    );
    let asking = Config {
        local: Config::from_file(File::parse(&file).unwrap())
            .unwrap()
            .local,
        ..plain.clone()
    };
    for (config, expected) in [
        (&plain, rustls::HandshakeKind::Resumed),
        (&asking, rustls::HandshakeKind::Full),
    ] {
        let server = Server::start_with(config);
        let mut last = None;
        for _ in 0..2 {
            let name = ServerName::try_from("localhost").unwrap();
            let session = rustls::ClientConnection::new(Arc::clone(&client), name).unwrap();
            let mut stream = rustls::StreamOwned::new(session, server.connect());
            let call = server.last_call("GenerateRandom", SIXTEEN_BYTES);
            let answer = exchange(&mut stream, &call);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            last = stream.conn.handshake_kind();
        }
        assert_eq!(last, Some(expected));
    }
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_or_a_file_is_not() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kms.sock");
    drop(UnixListener::bind(&path).unwrap());
    let server = Server::start_with(&on_socket(&path));
    let second = server
        .runtime
        .block_on(Listeners::bind(&on_socket(&path), None));
    assert!(second.unwrap_err().to_string().contains("kms.sock"));
    let answer = exchange(
        UnixStream::connect(&path).unwrap(),
        &server.last_call("GenerateRandom", SIXTEEN_BYTES),
    );
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let file = directory.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let third = server
        .runtime
        .block_on(Listeners::bind(&on_socket(&file), None));
    assert!(third.is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}

/// A certificate for `localhost` and its key, in files of the right modes.
fn certificate(directory: &Path, name: &str) -> TlsFiles {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: directory.join(format!("{name}.pem")),
        key: directory.join(format!("{name}.key")),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    set_mode(&files.key, 0o600);
    files
}

fn authority(directory: &Path) -> PathBuf {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let path = directory.join("authority.pem");
    std::fs::write(&path, parameters.self_signed(&key).unwrap().pem()).unwrap();
    path
}

#[test]
fn what_is_no_certificate_of_an_authority_now_vouches_for_no_client() {
    use kms_core::crypto::client_certificate::is_authority_at;
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let directory = TempDir::new().unwrap();
    let der = |path: &Path| CertificateDer::from_pem_file(path).unwrap();
    let at = |seconds| Timestamp::from_seconds(seconds);
    let made = der(&authority(directory.path()));
    assert!(is_authority_at(&made, at(1_800_000_000)));
    assert!(!is_authority_at(&made, at(0)));
    assert!(!is_authority_at(&made, at(1 << 40)));
    let leaf = der(&certificate(directory.path(), "server").certificate);
    assert!(!is_authority_at(&leaf, at(1_800_000_000)));
    assert!(!is_authority_at(b"none", at(1_800_000_000)));
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn tls_config(directory: &Path) -> (Config, Arc<rustls::ClientConfig>) {
    use rustls::pki_types::pem::PemObject;
    let files = certificate(directory, "server");
    let mut roots = rustls::RootCertStore::empty();
    let leaf = rustls::pki_types::CertificateDer::from_pem_file(&files.certificate).unwrap();
    roots.add(leaf).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Config {
        tls: Some(files),
        ..config()
    };
    (config, Arc::new(client))
}

#[test]
fn tls_serves_those_who_speak_it_and_nobody_else() {
    let directory = TempDir::new().unwrap();
    let (config, client) = tls_config(directory.path());
    let server = Server::start_with(&config);
    assert!(server.endpoints[0].starts_with("https://127.0.0.1:"));
    let name = ServerName::try_from("localhost").unwrap();
    let session = rustls::ClientConnection::new(client, name).unwrap();
    let stream = rustls::StreamOwned::new(session, server.connect());
    let answer = exchange(stream, &server.last_call("GenerateRandom", SIXTEEN_BYTES));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let plain = server.send(&server.last_call("GenerateRandom", SIXTEEN_BYTES));
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
}

#[test]
fn a_key_that_others_can_read_or_that_fits_another_certificate_is_refused() {
    let directory = TempDir::new().unwrap();
    let one = certificate(directory.path(), "one");
    let other = certificate(directory.path(), "other");
    assert!(tls::load(&one).is_ok());
    let mixed = TlsFiles {
        certificate: one.certificate.clone(),
        key: other.key.clone(),
    };
    assert!(matches!(tls::load(&mixed), Err(tls::TlsError::Unfit(_))));
    let swapped = TlsFiles {
        certificate: one.key.clone(),
        key: one.key.clone(),
    };
    assert!(matches!(
        tls::load(&swapped),
        Err(tls::TlsError::Certificate { .. })
    ));
    set_mode(&one.key, 0o640);
    assert!(tls::load(&one).is_ok());
    for mode in [0o644, 0o660, 0o604, 0o601] {
        set_mode(&one.key, mode);
        assert!(
            matches!(tls::load(&one), Err(tls::TlsError::OpenKey { .. })),
            "{mode:o}"
        );
    }
}
