//! The server's configuration file.

use kms_server::config::{Config, File};

/// No text opens a plain port to others without saying so.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(file) = File::parse(text) else {
        return;
    };
    let allowed = file.allow_plaintext == Some(true);
    if let Ok(config) = Config::from_file(file) {
        let open = config
            .listen
            .iter()
            .any(|address| !address.ip().is_loopback());
        assert!(!open || allowed || config.tls.is_some());
    }
}
