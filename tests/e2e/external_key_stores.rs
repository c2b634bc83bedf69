//! One server as the external key store of another, and a proxy that misbehaves.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use kms_tests::{Home, Script, Server, free_port};

/// The name of the server that is a proxy, and that of the proxy which misbehaves.
const NAMES: [&str; 2] = ["proxy.xks.test", "stub.xks.test"];

/// A certificate for both names, which is its own authority, and its key.
fn write_certificate(directory: &Path) {
    let made = rcgen::generate_simple_self_signed(NAMES.map(str::to_owned)).unwrap();
    fs::write(directory.join("proxy.pem"), made.cert.pem()).unwrap();
    let key = directory.join("proxy.key");
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
}

fn start(home: &Home, config: &str) -> Server {
    let path = home.scratch("kms-server.toml");
    fs::write(&path, config).unwrap();
    Server::start(&home.path(), &["--config", path.to_str().unwrap()])
}

/// The server that is a proxy: its keys are aliases that the script points at keys.
fn start_proxy(home: &Home, port: u16) -> Server {
    let directory = home.scratch("");
    let directory = directory.display();
    start(
        home,
        &format!(
            "[xks_proxy]\nlisten = ['127.0.0.1:{port}']\nuri_path_prefix = '/tenant-1'\n\
             user = 'xks'\n\
             [xks_proxy.tls]\ncertificate = '{directory}/proxy.pem'\nkey = '{directory}/proxy.key'\n\
             [xks_proxy.keys]\nhsm-1 = 'alias/hsm-1'\nhsm_2 = 'alias/hsm-2'\n\
             'hsm.rsa' = 'alias/rsa'\nnowhere = 'alias/nowhere'\nforbidden = 'alias/forbidden'\n"
        ),
    )
}

/// Longer than a proxy on a busy machine takes, in milliseconds.
const PATIENT: u32 = 30_000;
/// For a proxy that does not answer at all.
const IMPATIENT: u32 = 200;

/// The configuration of a server whose external key stores are at those ports, and which waits so
/// many milliseconds for them.
fn reaching(certificate: &Path, proxy_port: u16, stub_port: u16, timeout: u32) -> String {
    format!(
        "[xks]\nroots = '{}'\nplatform_roots = false\ntimeout_milliseconds = {timeout}\n\
         [xks.addresses]\n'proxy.xks.test' = '127.0.0.1:{proxy_port}'\n\
         'stub.xks.test' = '127.0.0.1:{stub_port}'\n\
         'other.xks.test' = '127.0.0.1:{proxy_port}'\n",
        certificate.display()
    )
}

/// Each use of a key by a client of the proxy stands in the ledger with what the client said of it.
fn uses_are_recorded(manager: &Home, secret: &str) {
    let records = kms_core::audit::read(&manager.path().join("ledger"), 0).unwrap();
    let lines: Vec<String> = records
        .map(|record| String::from_utf8(record.unwrap().1).unwrap())
        .collect();
    assert!(!lines.iter().any(|line| line.contains(secret)));
    let found = |parts: &[&str]| {
        let has = |line: &String| parts.iter().all(|part| line.contains(part));
        assert!(lines.iter().any(has), "{parts:?}");
    };
    let by = r#""type":"IAMUser""#;
    found(&[
        "XksProxyEncrypt",
        by,
        r#""xksKeyId":"hsm-1""#,
        r#""kmsOperation":"GenerateDataKey""#,
    ]);
    found(&[
        "XksProxyDecrypt",
        r#""kmsKeyArn":"arn:aws:kms:us-east-1"#,
        "keyMaterialId",
    ]);
    found(&["XksProxyGetKeyMetadata", r#""kmsOperation":"CreateKey""#]);
    found(&[
        "XksProxyEncrypt",
        r#""errorCode":"AccessDenied""#,
        "forbidden",
    ]);
    found(&[
        "XksProxyEncrypt",
        r#""errorCode":"AuthenticationFailedException""#,
    ]);
}

#[test]
fn one_server_is_the_external_key_store_of_another() {
    let (store, manager) = (Home::new(), Home::new());
    let [proxy_port, stub_port] = [free_port(), free_port()];
    write_certificate(&manager.scratch(""));
    let proxy = start_proxy(&manager, proxy_port);
    let certificate = manager.scratch("proxy.pem");
    let reaching = |timeout| reaching(&certificate, proxy_port, stub_port, timeout);
    let server = start(&store, &reaching(PATIENT));
    let impatient = start(&store, &reaching(IMPATIENT));
    let script = Script::new("external_key_stores.py", &store, &server)
        .env("IMPATIENT_ENDPOINT", impatient.endpoint())
        .env("MANAGER_ENDPOINT", proxy.endpoint())
        .env("MANAGER_HOME", manager.path())
        .env("MANAGER_PROCESS", proxy.id().to_string())
        .env("PROXY_PORT", proxy_port.to_string())
        .env("STUB_PORT", stub_port.to_string())
        .env("TLS_DIRECTORY", manager.scratch(""));
    print!("{}", script.passes());
    let secret = fs::read_to_string(manager.path().join("xks-proxy.json")).unwrap();
    let secret = secret.split("RawSecretAccessKey\": \"").nth(1).unwrap();
    let secret = secret.split('"').next().unwrap();
    for log in [server.log(), proxy.log()] {
        assert!(!log.contains(secret) && !log.contains("panicked"), "{log}");
    }
    uses_are_recorded(&manager, secret);
    assert!(server.terminate().success() && impatient.terminate().success());
    proxy.terminate();
    for home in [&store, &manager] {
        home.kms().done(["audit", "verify"]);
    }
}

#[test]
fn every_operation_succeeds_and_is_refused_through_the_aws_cli() {
    let (store, manager) = (Home::new(), Home::new());
    let port = free_port();
    write_certificate(&manager.scratch(""));
    let proxy = start_proxy(&manager, port);
    manager.kms().done(["user", "create", "xks"]);
    // Two stores need two names of the one proxy.
    let stores = reaching(&manager.scratch("proxy.pem"), port, port, PATIENT);
    let server = start(
        &store,
        &format!("other_regions = ['eu-central-1']\n{stores}"),
    );
    let script = Script::new("aws_cli_operations.py", &store, &server)
        .env("XKS_PROXY_PATH", "/tenant-1/kms/xks/v1")
        .env("XKS_CREDENTIAL", manager.path().join("xks-proxy.json"));
    print!("{}", script.passes());
    assert!(server.terminate().success());
    proxy.terminate();
    store.kms().done(["audit", "verify"]);
}
