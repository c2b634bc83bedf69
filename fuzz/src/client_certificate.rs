//! Certificates of clients.

use kms_core::crypto::client_certificate::{ClientCertificate, MAX_CLIENT_CERTIFICATE};

/// What is read has a key, names without capitals where they have none, and room in a record.
pub fn run(data: &[u8]) {
    let Ok(read) = ClientCertificate::parse(data) else {
        return;
    };
    assert!(data.len() <= MAX_CLIENT_CERTIFICATE);
    assert_eq!(read.spki_sha256.len(), 64);
    assert!(
        read.dns_san
            .iter()
            .all(|name| *name == name.to_ascii_lowercase())
    );
    assert!(read.uri_san.len() + read.dns_san.len() <= data.len());
    let told = serde_json::to_vec(&read).expect("a certificate has a form in the ledger");
    assert!(told.len() <= 10 * MAX_CLIENT_CERTIFICATE);
}
