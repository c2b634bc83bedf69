//! No text makes the reader of the server's configuration panic, and no text opens a plain port
//! to others without saying so.
#![no_main]

use kms_server::config::{Config, File};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(file) = File::parse(text) else { return };
    let allowed = file.allow_plaintext == Some(true);
    if let Ok(config) = Config::from_file(file) {
        let open = config.listen.iter().any(|address| !address.ip().is_loopback());
        assert!(!open || allowed || config.tls.is_some());
    }
});
