use clap::Parser;

use super::*;
use crate::args::Args;

/// What the flags and the file make together; the file wins nothing.
fn config(flags: &[&str], file: &str) -> Result<Config, String> {
    let name = std::iter::once("kms-server");
    let args = Args::try_parse_from(name.chain(flags.iter().copied()))
        .map_err(|error| error.to_string())?;
    let file = File::parse(file).map_err(|error| error.to_string())?;
    Config::new(&args, file).map_err(|error| error.to_string())
}

fn refusal(flags: &[&str], file: &str) -> String {
    config(flags, file).expect_err(file)
}

#[test]
fn nothing_said_means_loopback_and_the_defaults() {
    let config = config(&["--home", "/h"], "").unwrap();
    assert_eq!(config.listen, [DEFAULT_LISTEN.parse().unwrap()]);
    assert_eq!(config.region.as_str(), "us-east-1");
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.timeouts, Timeouts::default());
    assert_eq!(config.tls, None);
    assert_eq!(config.random, RandomSource::Pooled);
    assert!(!config.sm2);
}

#[test]
fn keys_of_sm2_are_made_where_flag_or_file_say_so() {
    let said = |flags: &[&str], file| config(&[&["--home", "/h"], flags].concat(), file);
    assert!(said(&["--sm2"], "").unwrap().sm2);
    assert!(said(&[], "sm2 = true").unwrap().sm2);
    assert!(!said(&[], "sm2 = false").unwrap().sm2);
    assert!(said(&[], "sm2 = \"yes\"").is_err());
}

#[test]
fn every_key_of_the_file_counts() {
    let file = r#"
        home = "/h"
        listen = ["127.0.0.1:1", "[::1]:2"]
        unix_socket = "/run/kms.sock"
        account = "111122223333"
        region = "eu-west-3"
        other_regions = ["us-east-1", "us-west-2"]
        random = "system"
        passphrase_file = "/p"
        log_format = "json"
        [tls]
        certificate = "/c"
        key = "/k"
        [attestation]
        roots = ["/a.pem", "/b.pem"]
        [limits]
        header_bytes = 16384
        body_bytes = 2048
        connections = 7
        [timeouts]
        handshake_seconds = 1
        header_seconds = 2
        body_seconds = 3
        idle_seconds = 4
        drain_seconds = 6
        ledger_seconds = 7
    "#;
    let config = config(&[], file).unwrap();
    assert_eq!(config.listen[1], "[::1]:2".parse().unwrap());
    assert_eq!(config.unix_socket, Some("/run/kms.sock".into()));
    assert_eq!(config.account.unwrap().as_str(), "111122223333");
    assert_eq!(config.region.as_str(), "eu-west-3");
    assert_eq!(config.other_regions[1].as_str(), "us-west-2");
    assert_eq!(config.random, RandomSource::System);
    assert_eq!(config.passphrase, Some(PassphraseSource::File("/p".into())));
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.tls.unwrap().key, PathBuf::from("/k"));
    assert_eq!(
        config.attestation_roots,
        ["/a.pem", "/b.pem"].map(PathBuf::from)
    );
    assert_eq!(config.limits.connections, 7);
    assert_eq!(config.timeouts.drain, Duration::from_secs(6));
    assert_eq!(config.timeouts.ledger, Duration::from_secs(7));
}

#[test]
fn attestation_roots_are_files_with_certificates() {
    let none = config(&["--home", "/h"], "").unwrap();
    assert!(none.read_attestation_roots().unwrap().is_empty());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("root.pem");
    let file = format!("[attestation]\nroots = [{path:?}]");
    let read = || {
        let config = config(&["--home", "/h"], &file).unwrap();
        let roots = config.read_attestation_roots();
        roots.map_err(|error| error.to_string())
    };
    assert!(read().unwrap_err().contains("root.pem cannot be read: "));
    std::fs::write(&path, "no certificate").unwrap();
    let words = format!("attestation.roots: {}: no PEM certificate", path.display());
    assert_eq!(read().unwrap_err(), words);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let mut root = rcgen::CertificateParams::default();
    std::fs::write(&path, root.self_signed(&key).unwrap().pem()).unwrap();
    assert!(
        read()
            .unwrap_err()
            .contains("not the certificate of an authority")
    );
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    std::fs::write(&path, root.self_signed(&key).unwrap().pem()).unwrap();
    assert!(!read().unwrap().is_empty());
    assert!(refusal(&["--home", "/h"], "[attestation]\nroot = 'x'").contains("unknown field"));
}

#[test]
fn grants_are_delayed_where_the_file_says_so() {
    let delay = |file| config(&["--home", "/h"], file).unwrap().grant_propagation;
    assert_eq!(delay(""), None);
    let told = delay("grant_propagation_seconds = 300");
    assert_eq!(told, Some(Duration::from_secs(300)));
}

#[test]
fn faults_are_read_with_their_rate() {
    let file = "[[faults]]\noperation = 'Encrypt'\nrate = 0.25\nerror = 'ThrottlingException'\n\
                [[faults]]\nrate = 1\ndelay_milliseconds = 20";
    let faults = config(&["--home", "/h"], file).unwrap().faults;
    assert_eq!(
        faults,
        [
            Fault {
                operation: Some(Operation::Encrypt),
                millionths: 250_000,
                delay: Duration::ZERO,
                error: Some(ErrorCode::ThrottlingException),
            },
            Fault {
                operation: None,
                millionths: 1_000_000,
                delay: Duration::from_millis(20),
                error: None,
            },
        ]
    );
    assert!(config(&["--home", "/h"], "").unwrap().faults.is_empty());
}

#[test]
fn a_flag_wins_over_the_file() {
    let file = "home = '/file'\nregion = 'eu-west-3'\nlisten = ['127.0.0.1:1']\n\
                [limits]\nbody_bytes = 2048";
    let flags = [
        "--home",
        "/flag",
        "--listen",
        "127.0.0.1:2",
        "--body-bytes",
        "4096",
    ];
    let config = config(&flags, file).unwrap();
    assert_eq!(config.home, PathBuf::from("/flag"));
    assert_eq!(config.listen, ["127.0.0.1:2".parse().unwrap()]);
    assert_eq!(config.limits.body_bytes, 4096);
    assert_eq!(config.region.as_str(), "eu-west-3");
}

#[test]
fn the_directory_of_a_unix_socket_has_to_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let checked = |path: &str| {
        let text = format!("home = '/h'\nunix_socket = '{path}'");
        let config = Config::from_file(File::parse(&text).unwrap()).unwrap();
        config
            .check_socket_directory()
            .map_err(|fault| fault.to_string())
    };
    assert_eq!(checked(&path("kms.sock")), Ok(()));
    assert_eq!(checked("kms.sock"), Ok(()));
    let fault = checked(&path("absent/kms.sock")).unwrap_err();
    let expected = format!("unix_socket: the directory {} is not there", path("absent"));
    assert!(fault.starts_with(&expected), "{fault}");
}

#[test]
fn a_unix_socket_alone_opens_no_port() {
    let config = config(&["--home", "/h", "--unix-socket", "/s"], "").unwrap();
    assert!(config.listen.is_empty());
}

#[test]
fn an_unknown_key_is_refused_wherever_it_is() {
    for file in [
        "hom = '/h'",
        "[limit]\nbody_bytes = 2048",
        "[limits]\nbody = 2048",
        "[timeouts]\nidle = 3",
        "[tls]\ncertificate = 'c'\nkey = 'k'\npassword = 'p'",
    ] {
        assert!(refusal(&[], file).contains("unknown field"), "{file}");
    }
}

#[test]
fn bad_values_are_refused_and_named() {
    for (file, key) in [
        ("listen = ['localhost']", "listen"),
        ("listen = []", "listen"),
        ("listen = ['0.0.0.0:1']", "listen"),
        ("listen = ['[::]:1']", "listen"),
        ("region = 'nowhere'", "region"),
        ("account = '1'", "account"),
        ("random = 'dice'", "random"),
        ("log_format = 'xml'", "log_format"),
        ("allow_plaintext = 'yes'", "allow_plaintext"),
        ("[limits]\nbody_bytes = 10", "body_bytes"),
        ("[limits]\nbody_bytes = 2000000", "body_bytes"),
        ("[limits]\nheader_bytes = 1024", "header_bytes"),
        ("[limits]\nconnections = 0", "connections"),
        ("[limits]\nconnections = -1", "connections"),
        ("[timeouts]\nidle_seconds = 0", "idle_seconds"),
        ("[timeouts]\ndrain_seconds = 4000", "drain_seconds"),
        ("[timeouts]\nledger_seconds = 0", "ledger_seconds"),
        ("[tls]\ncertificate = 'c'", "key"),
        ("[[faults]]\nrate = 1", "neither error"),
        (
            "production = true\n[[faults]]\nrate = 1\ndelay_milliseconds = 1",
            "faults: not in production",
        ),
        (
            "production = true\ngrant_propagation_seconds = 1",
            "grant_propagation_seconds: not in production",
        ),
        ("grant_propagation_seconds = 0", "grant_propagation_seconds"),
        (
            "grant_propagation_seconds = 301",
            "grant_propagation_seconds",
        ),
        ("[[faults]]\nrate = 0", "faults.rate"),
        ("[[faults]]\nrate = 1.5", "faults.rate"),
        ("[[faults]]\nrate = nan", "faults.rate"),
        (
            "[[faults]]\noperation = 'Guess'\nrate = 1\ndelay_milliseconds = 1",
            "faults.operation",
        ),
        (
            "[[faults]]\nerror = 'NotFoundException'\nrate = 1",
            "faults.error",
        ),
        (
            "[[faults]]\ndelay_milliseconds = 60001\nrate = 1",
            "faults.delay",
        ),
        ("[[faults]]\noperation = 'Encrypt'", "rate"),
    ] {
        let home = ["--home", "/h"];
        assert!(
            refusal(&home, file).contains(key),
            "{file}: {}",
            refusal(&home, file)
        );
    }
}

#[test]
fn bad_identity_providers_are_refused_and_named() {
    for (file, key) in [
        (
            "[oidc]\ntimeout_milliseconds = 1",
            "oidc.timeout_milliseconds",
        ),
        ("[oidc]\nplain = true", "plain"),
        (
            "[[oidc_provider]]\nissuer = 'https://a.example'",
            "jwks_file",
        ),
        (
            "[[oidc_provider]]\nissuer = 'a.example'\njwks_file = 'a'",
            "oidc_provider.issuer",
        ),
        (
            "[[oidc_provider]]\nissuer = 'https://a.example'\njwks_file = 'a'\n\
             [[oidc_provider]]\nissuer = 'https://a.example'\njwks_file = 'b'",
            "there twice",
        ),
    ] {
        let told = refusal(&["--home", "/h"], file);
        assert!(told.contains(key), "{file}: {told}");
    }
}

#[test]
fn bad_flags_are_refused() {
    for flags in [
        &["--home", "/h", "--tls-key", "/k"][..],
        &["--home", "/h", "--accept-rollback", " "],
        &[
            "--home",
            "/h",
            "--passphrase-file",
            "/p",
            "--passphrase-fd",
            "3",
        ],
        &["--home", "/h", "--listen", "0.0.0.0:1"],
        &["--region", "x"],
        &["--no-such-flag"],
        &["surplus"],
    ] {
        assert!(config(flags, "").is_err(), "{flags:?}");
    }
}

#[test]
fn an_open_address_needs_tls_or_a_word() {
    let open = ["--home", "/h", "--listen", "0.0.0.0:1"];
    assert!(refusal(&open, "").contains("TLS"));
    assert!(config(&open, "allow_plaintext = true").is_ok());
    assert!(config(&open, "[tls]\ncertificate = 'c'\nkey = 'k'").is_ok());
}

#[test]
fn nothing_is_asked_of_proxies_and_no_proxy_is_served_unless_the_file_says_so() {
    let home = ["--home", "/h"];
    let quiet = config(&home, "").unwrap();
    assert_eq!((quiet.xks, quiet.xks_proxy), (None, None));
    let client = config(&home, "[xks]").unwrap().xks.unwrap();
    assert_eq!(client.timeout, Duration::from_millis(250));
    assert!(client.platform_roots && !client.private_addresses && client.addresses.is_empty());
    let file = "[xks]\nroots = '/r'\nplatform_roots = false\ntimeout_milliseconds = 500\n\
                addresses = { 'XKS.example' = '10.0.0.1:8443' }\n\
                [xks_proxy]\nlisten = ['0.0.0.0:8443']\nuri_path_prefix = '/a/b'\nuser = 'xks'\n\
                region = 'eu-west-1'\ntls = { certificate = '/c', key = '/k' }\n\
                keys = { 'hsm-1' = 'alias/hsm' }";
    let both = config(&home, file).unwrap();
    let client = both.xks.unwrap();
    assert_eq!(
        client.addresses["xks.example"],
        "10.0.0.1:8443".parse().unwrap()
    );
    let proxy = both.xks_proxy.unwrap();
    assert_eq!(proxy.credential, PathBuf::from("/h/xks-proxy.json"));
    assert_eq!(
        (proxy.region.as_str(), proxy.key_region.as_str()),
        ("eu-west-1", "us-east-1")
    );
    assert_eq!(proxy.keys.len(), 1);
}

#[test]
fn bad_values_of_external_key_stores_are_refused_and_named() {
    let proxy = "[xks_proxy]\ntls = { certificate = '/c', key = '/k' }\nlisten = ['127.0.0.1:1']\n";
    for (file, key) in [
        (
            "[xks]\ntimeout_milliseconds = 10".to_owned(),
            "xks.timeout_milliseconds",
        ),
        ("[xks]\naddresses = { a = 'b' }".to_owned(), "xks.addresses"),
        ("[xks]\nproxy = 1".to_owned(), "proxy"),
        (
            "[xks_proxy]\nlisten = ['127.0.0.1:1']".to_owned(),
            "xks_proxy.tls",
        ),
        ("[xks_proxy]\nlisten = []".to_owned(), "xks_proxy.listen"),
        (
            "[xks_proxy]\nlisten = ['here']".to_owned(),
            "xks_proxy.listen",
        ),
        (
            format!("{proxy}uri_path_prefix = 'a'"),
            "xks_proxy.uri_path_prefix",
        ),
        (
            format!("{proxy}uri_path_prefix = '/a/'"),
            "xks_proxy.uri_path_prefix",
        ),
        (
            format!("{proxy}uri_path_prefix = '/a b'"),
            "xks_proxy.uri_path_prefix",
        ),
        (
            format!("{proxy}keys = {{ a = 'no key' }}"),
            "xks_proxy.keys",
        ),
        (
            format!("{proxy}keys = {{ 'a/b' = 'alias/b' }}"),
            "external key id",
        ),
    ] {
        let refused = refusal(&["--home", "/h"], &file);
        assert!(refused.contains(key), "{file}: {refused}");
    }
}
