//! A real identity provider, over TLS, whose keys the server asks for.

use std::fs;

use kms_tests::{Home, Script, Server, free_port};

/// A certificate for this machine, which is its own authority, and its key.
fn write_certificate(home: &Home, name: &str) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(home.scratch(&format!("{name}.pem")), made.cert.pem()).unwrap();
    let key = home.scratch(&format!("{name}.key"));
    fs::write(key, made.signing_key.serialize_pem()).unwrap();
}

#[test]
fn logins_at_a_real_provider_are_exchanged_for_credentials() {
    let home = Home::new();
    write_certificate(&home, "provider");
    write_certificate(&home, "impostor");
    let file = home.scratch("kms-server.toml");
    let roots = home.scratch("provider.pem");
    let config = format!(
        "[oidc]\nroots = {roots:?}\nplatform_roots = false\nplain_loopback = true\n\
         timeout_milliseconds = 30000\n"
    );
    fs::write(&file, config).unwrap();
    let server = Server::start(&home.path(), &["--config", file.to_str().unwrap()]);
    let ports = [(); 4].map(|()| free_port().to_string());
    let script = Script::new("real_provider.py", &home, &server)
        .env("PROVIDER_DIRECTORY", home.scratch(""))
        .env("PROVIDER_PORTS", ports.join(","));
    print!("{}", script.passes());
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
}
