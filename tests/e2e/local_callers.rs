//! Callers without access keys: processes over the Unix socket, holders of certificates over TLS.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kms_core::crypto::client_certificate::ClientCertificate;
use kms_tests::{Home, Script, Server};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};

const SCRIPT: &str = "local_callers.py";

/// Runs one class of the script against a server with that configuration.
fn step(home: &Home, class: &str, config: &str, variables: &[(&str, &Path)]) {
    let file = home.scratch("kms-server.toml");
    fs::write(&file, config).unwrap();
    let server = Server::start(&home.path(), &["--config", file.to_str().unwrap()]);
    let mut script = Script::new(SCRIPT, home, &server).env("STEP", class);
    for (name, value) in variables {
        script = script.env(name, value);
    }
    print!("{}", script.passes());
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
}

#[test]
fn processes_get_credentials_by_the_user_or_group_that_they_run_as() {
    let home = Home::new();
    let socket = home.scratch("kms.sock");
    let user = rustix::process::geteuid().as_raw();
    let group = rustix::process::getegid().as_raw();
    for (class, peer, mode) in [
        (
            "MappedUser",
            format!("uid = {user}\nprincipal = 'user/ci'"),
            "0660",
        ),
        (
            "MappedGroup",
            format!("gid = {group}\nprincipal = 'role/team/app'"),
            "0600",
        ),
        (
            "Unmapped",
            format!("uid = {}\nprincipal = 'user/ci'", user + 1),
            "0666",
        ),
    ] {
        let config =
            format!("unix_socket = {socket:?}\nunix_socket_mode = '{mode}'\n[[peer]]\n{peer}\n");
        step(&home, class, &config, &[("SOCKET", &socket)]);
    }
    let config = format!("unix_socket = {socket:?}\n");
    step(&home, "NobodyMapped", &config, &[("SOCKET", &socket)]);
}

/// Certificates of one authority, in files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: PathBuf,
}

impl Authority {
    fn new(directory: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        fs::write(directory.join(format!("{name}.pem")), issuer.pem()).unwrap();
        Self {
            issuer,
            directory: directory.to_owned(),
        }
    }

    /// A certificate `NAME.pem` with its key `NAME.key`, and in DER.
    fn issue(
        &self,
        name: &str,
        names: Vec<SanType>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.distinguished_name.push(DnType::CommonName, "ci");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.directory.join(format!("{name}.pem")), made.pem()).unwrap();
        let path = self.directory.join(format!("{name}.key"));
        fs::write(&path, key.serialize_pem()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        made.der().to_vec()
    }
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

const APP: &str = "spiffe://example.org/ns/app";

/// Every certificate that the script shows; the hash of the key that is mapped.
fn issue_all(directory: &Path) -> String {
    let ours = Authority::new(directory, "authority");
    let other = Authority::new(directory, "other");
    let local = vec![SanType::IpAddress([127, 0, 0, 1].into()), dns("localhost")];
    ours.issue("server", local, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let plain = |_: &mut CertificateParams| {};
    ours.issue("uri", vec![uri(APP), dns("elsewhere.example.org")], plain);
    ours.issue("dns", vec![dns("CI.example.org")], plain);
    let key = ours.issue("key", vec![], plain);
    ours.issue("common-name", vec![], plain);
    ours.issue("unmapped", vec![uri("spiffe://example.org/ns/else")], plain);
    ours.issue(
        "two",
        vec![uri(APP), uri("spiffe://example.org/ns/web")],
        plain,
    );
    ours.issue("expired", vec![uri(APP)], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    ours.issue("for-servers", vec![uri(APP)], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    other.issue("foreign", vec![uri(APP)], plain);
    ClientCertificate::parse(&key).unwrap().spki_sha256
}

#[test]
fn holders_of_certificates_get_credentials_over_tls() {
    let home = Home::new();
    let directory = home.scratch("certificates");
    fs::create_dir(&directory).unwrap();
    let digest = issue_all(&directory);
    let file = |name: &str| directory.join(name);
    let tls = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}\n",
        file("server.pem"),
        file("server.key"),
        file("authority.pem")
    );
    let mappings = format!(
        "[[certificate]]\nuri_san = '{APP}'\nprincipal = 'role/app'\n\
         [[certificate]]\nuri_san = 'spiffe://example.org/ns/web'\nprincipal = 'role/app'\n\
         [[certificate]]\ndns_san = 'ci.example.org'\nprincipal = 'user/ci'\n\
         [[certificate]]\nspki_sha256 = '{digest}'\nprincipal = 'user/ci'\n"
    );
    let authority = file("authority.pem");
    let places = [
        ("CERTIFICATES", directory.as_path()),
        ("AWS_CA_BUNDLE", authority.as_path()),
    ];
    step(&home, "Certificates", &format!("{tls}{mappings}"), &places);
    let log = fs::read_to_string(home.scratch("server.err")).unwrap();
    for reason in [
        "it is of no authority of client_ca",
        "it has expired",
        "it is not for client authentication",
    ] {
        assert!(log.contains(reason), "{reason}: {log}");
    }
    let required = format!("{tls}require_client_certificate = true\n{mappings}");
    step(&home, "CertificateRequired", &required, &places);
}

#[test]
fn a_mapping_with_a_mistake_keeps_the_server_from_starting() {
    let home = Home::new();
    let file = home.scratch("kms-server.toml");
    let authority = home.scratch("authority.pem");
    fs::write(&authority, "no certificate").unwrap();
    let directory = home.scratch("certificates");
    fs::create_dir(&directory).unwrap();
    issue_all(&directory);
    let socket = home.scratch("kms.sock");
    let peer = format!("unix_socket = {socket:?}\n[[peer]]\nprincipal = 'user/ci'\n");
    let tls = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\nrequire_client_certificate = true\nclient_ca = ",
        directory.join("server.pem"),
        directory.join("server.key")
    );
    for (config, wanted) in [
        (format!("{peer}user = 'no such user'\n"), "peer.user"),
        (format!("{peer}uid = 65534\n"), "peer.uid"),
        (
            format!("{tls}{authority:?}\n"),
            "authority.pem holds no PEM",
        ),
        (
            format!("{tls}'/absent.pem'\n"),
            "/absent.pem cannot be read",
        ),
    ] {
        fs::write(&file, &config).unwrap();
        let report = Server::try_start(&home.path(), &["--config", file.to_str().unwrap()]);
        let report = report.expect_err(&config);
        assert!(report.contains(wanted), "{wanted}: {report}");
    }
}
