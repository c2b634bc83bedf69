use super::*;

const PLACES: &str = "home = '/h'\nunix_socket = '/run/kms.sock'\n\
                      [tls]\ncertificate = '/c'\nkey = '/k'\nclient_ca = '/ca'\n\
                      require_client_certificate = true\n";

fn config(file: &str) -> Result<Config, String> {
    let file = File::parse(file).map_err(|error| error.to_string())?;
    Config::from_file(file).map_err(|error| error.to_string())
}

/// The callers of a file with a socket and TLS, on a machine with three users.
fn callers(mappings: &str) -> Result<LocalCallers, String> {
    let passwd = "root:x:0:0::/root:/bin/sh\nci:x:1001:1002:CI,,,:/home/ci:/bin/sh\n\
                  nobody:x:65534:65534::/:/bin/false\n+\n";
    let local = config(&format!("{PLACES}{mappings}"))?.local;
    local.resolve(passwd).map_err(|error| error.to_string())
}

#[test]
fn everybody_who_is_mapped_is_found() {
    let callers = callers(
        "[[peer]]\nuid = 7\nprincipal = 'user/ci'\n\
         [[peer]]\nuser = 'ci'\nprincipal = 'arn:aws:iam::111122223333:role/team/app'\n\
         [[peer]]\ngid = 1001\nprincipal = 'role/app'\n\
         [[certificate]]\nuri_san = 'spiffe://example.org/ns/app'\nprincipal = 'role/app'\n\
         [[certificate]]\ndns_san = 'App.Example.org'\nprincipal = 'role/app'\n\
         [[certificate]]\nuri_san = 'urn:x'\nprincipal = 'role/app'\nsession_name = 'mine'\n\
         [[certificate]]\nspki_sha256 = 'ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789'\nprincipal = 'user/ci'\n",
    )
    .unwrap();
    let shown: Vec<_> = callers
        .uids
        .iter()
        .map(|(uid, to)| format!("{uid} {to}"))
        .collect();
    assert_eq!(
        shown,
        ["7 user/ci", "1001 arn:aws:iam::111122223333:role/team/app"]
    );
    assert_eq!(callers.gids[&1001].to_string(), "role/app");
    let certificates = callers.certificates;
    let session =
        |mapping: &CertificateMapping| mapping.session.clone().map(|name| name.to_string());
    let named = session(&certificates.uris["spiffe://example.org/ns/app"]);
    assert_eq!(named.as_deref(), Some("spiffe-example.org-ns-app"));
    assert_eq!(
        session(&certificates.uris["urn:x"]).as_deref(),
        Some("mine")
    );
    let named = session(&certificates.dns_names["app.example.org"]);
    assert_eq!(named.as_deref(), Some("App.Example.org"));
    let digest = "abcdef0123456789".repeat(4);
    assert_eq!(session(&certificates.public_keys[&digest]), None);
}

const REFUSED_PEERS: &[(&str, &str)] = &[
    (
        "[[peer]]\nprincipal = 'user/ci'",
        "exactly one of uid, user and gid",
    ),
    (
        "[[peer]]\nuid = 1\ngid = 1\nprincipal = 'user/ci'",
        "exactly one of",
    ),
    ("[[peer]]\nuid = 1", "missing field `principal`"),
    ("[[peer]]\nuid = -1\nprincipal = 'user/ci'", "uid"),
    (
        "[[peer]]\nuid = 1\nprincipal = 'user/ci'\nx = 1",
        "unknown field `x`",
    ),
    (
        "[[peer]]\nuid = 65534\nprincipal = 'user/ci'",
        "nobody in particular",
    ),
    (
        "[[peer]]\ngid = 4294967295\nprincipal = 'user/ci'",
        "nobody in particular",
    ),
    (
        "[[peer]]\nuser = 'nobody'\nprincipal = 'user/ci'",
        "nobody in particular",
    ),
    (
        "[[peer]]\nuser = 'absent'\nprincipal = 'user/ci'",
        "no user \"absent\"",
    ),
    (
        "[[peer]]\nuid = 1\nprincipal = 'user/ci'\n[[peer]]\nuid = 1\nprincipal = 'user/cd'",
        "1 is there twice",
    ),
    (
        "[[peer]]\nuid = 1001\nprincipal = 'user/ci'\n[[peer]]\nuser = 'ci'\nprincipal = 'user/ci'",
        "1001 is there twice",
    ),
    (
        "[[peer]]\nuid = 1\nprincipal = 'ci'",
        "is not the ARN of a user or role",
    ),
    (
        "[[peer]]\nuid = 1\nprincipal = 'arn:aws:iam::111122223333:root'",
        "is not the ARN",
    ),
    (
        "[[peer]]\nuid = 1\nprincipal = 'arn:aws:sts::111122223333:assumed-role/app/s'",
        "is not the ARN",
    ),
];

const REFUSED_CERTIFICATES: &[(&str, &str)] = &[
    (
        "[[certificate]]\nprincipal = 'user/ci'",
        "exactly one of uri_san, dns_san and spki_sha256",
    ),
    (
        "[[certificate]]\ncn = 'ci'\nprincipal = 'user/ci'",
        "unknown field `cn`",
    ),
    (
        "[[certificate]]\nuri_san = 'ci'\nprincipal = 'user/ci'",
        "is not a URI",
    ),
    (
        "[[certificate]]\nuri_san = 'spiffe://a b'\nprincipal = 'user/ci'",
        "is not a URI",
    ),
    (
        "[[certificate]]\ndns_san = '*.example.org'\nprincipal = 'user/ci'",
        "no wildcards",
    ),
    (
        "[[certificate]]\nspki_sha256 = 'ab'\nprincipal = 'user/ci'",
        "64 hexadecimal digits",
    ),
    (
        "[[certificate]]\ndns_san = 'a.b'\nprincipal = 'user/ci'\n[[certificate]]\ndns_san = 'A.B'\nprincipal = 'user/cd'",
        "is there twice",
    ),
    (
        "[[certificate]]\nuri_san = 'x://a/b'\nprincipal = 'role/app'\n[[certificate]]\nuri_san = 'x://a-b'\nprincipal = 'role/app'",
        "two sessions of one name",
    ),
    (
        "[[certificate]]\ndns_san = 'uid-7'\nprincipal = 'role/app'",
        "what sessions of processes are called",
    ),
    (
        "[[certificate]]\nuri_san = 'x:y'\nprincipal = 'role/app'\nsession_name = 'a b'",
        "give session_name",
    ),
    (
        "[[certificate]]\nuri_san = 'x:y'\nprincipal = 'user/ci'\nsession_name = 'mine'",
        "has no name",
    ),
];

#[test]
fn a_mapping_that_could_mean_two_things_or_none_is_refused() {
    for (mapping, wanted) in REFUSED_PEERS.iter().chain(REFUSED_CERTIFICATES) {
        let refused = callers(mapping).expect_err(mapping);
        assert!(refused.contains(wanted), "{mapping}: {refused}");
    }
}

#[test]
fn a_session_of_a_role_has_a_name_that_fits() {
    let long = format!(
        "[[certificate]]\nuri_san = 'x:{}'\nprincipal = ",
        "y".repeat(63)
    );
    assert!(
        callers(&format!("{long}'role/app'"))
            .unwrap_err()
            .contains("session_name")
    );
    assert!(callers(&format!("{long}'user/ci'")).is_ok());
    let digest = "ab".repeat(32);
    let key = format!("[[certificate]]\nspki_sha256 = '{digest}'\nprincipal = 'role/app'\n");
    assert!(callers(&key).is_ok());
    assert!(callers(&format!("{key}{key}")).is_err());
}

#[test]
fn mappings_need_the_place_that_peers_come_to() {
    let peer = "[[peer]]\nuid = 1\nprincipal = 'user/ci'\n";
    let certificate = "[[certificate]]\ndns_san = 'a.b'\nprincipal = 'user/ci'\n";
    let tls = "[tls]\ncertificate = '/c'\nkey = '/k'\n";
    let ca = "client_ca = '/ca'\n";
    for (file, wanted) in [
        (peer.to_owned(), "peer: needs unix_socket"),
        (certificate.to_owned(), "certificate: needs tls.client_ca"),
        (
            format!("{tls}{certificate}"),
            "certificate: needs tls.client_ca",
        ),
        (
            format!("[tls]\n{ca}{certificate}"),
            "tls.client_ca: needs tls.certificate",
        ),
        (format!("{tls}{ca}"), "there is no [[certificate]]"),
        (
            format!("{tls}require_client_certificate = true"),
            "needs tls.client_ca",
        ),
        ("unix_socket_mode = '0777'".to_owned(), "unix_socket_mode"),
        ("unix_socket_mode = 432".to_owned(), "invalid type"),
    ] {
        let refused = config(&format!("home = '/h'\n{file}")).expect_err(&file);
        assert!(refused.contains(wanted), "{file}: {refused}");
    }
    let required = format!("home = '/h'\n{tls}{ca}require_client_certificate = true");
    let required = config(&required).unwrap().local.client_authentication;
    assert!(required.unwrap().required);
    let optional = config(&format!("home = '/h'\n{tls}{ca}{certificate}")).unwrap();
    assert!(!optional.local.client_authentication.unwrap().required);
    let modes = |file: &str| {
        config(&format!("home = '/h'\n{file}"))
            .unwrap()
            .unix_socket_mode
    };
    assert_eq!(modes(""), 0o660);
    assert_eq!(modes("unix_socket_mode = '0666'"), 0o666);
}

#[test]
fn nobody_is_mapped_unless_somebody_is() {
    let nobody = config("home = '/h'").unwrap().local_callers().unwrap();
    assert_eq!(nobody, LocalCallers::default());
    assert!(nobody.certificates.is_empty());
}
