//! What is said of local callers: `[[peer]]`, `[[certificate]]` and `tls.client_ca`,
//! `docs/spec/local-callers.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use kms_core::ids::{EntityReference, SessionName};

use super::check::value;
use super::file::{File, FileCertificate, FilePeer};
use super::{Config, ConfigError};

/// Where the system's users are listed.
const PASSWD: &str = "/etc/passwd";

/// Ids that stand for no one user or group: what the kernel shows for those that it cannot name
/// here, and what `chown` takes for none.
const NOBODY_IN_PARTICULAR: [u32; 3] = [65_534, 65_535, u32::MAX];

/// Who gets temporary credentials without signing, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Local {
    uids: BTreeMap<u32, EntityReference>,
    users: BTreeMap<String, EntityReference>,
    gids: BTreeMap<u32, EntityReference>,
    certificates: Certificates,
    /// Whether and how clients are asked for certificates.
    pub client_authentication: Option<ClientAuthentication>,
}

/// How clients are asked for certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAuthentication {
    /// PEM certificates of the authorities that vouch for clients.
    pub authorities: PathBuf,
    /// Whether nobody is served without a certificate.
    pub required: bool,
}

/// Who the holders of certificates are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Certificates {
    /// By URI name.
    pub uris: BTreeMap<String, CertificateMapping>,
    /// By DNS name in lower case.
    pub dns_names: BTreeMap<String, CertificateMapping>,
    /// By SHA-256 of the public key in lower-case hexadecimal.
    pub public_keys: BTreeMap<String, CertificateMapping>,
}

/// Who the holder of a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateMapping {
    /// The user or role.
    pub principal: EntityReference,
    /// What a session of the role is called; a user's has no name.
    pub session: Option<SessionName>,
}

/// Who gets temporary credentials without signing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LocalCallers {
    /// By the user id of the process.
    pub uids: BTreeMap<u32, EntityReference>,
    /// By its group id.
    pub gids: BTreeMap<u32, EntityReference>,
    /// By certificate.
    pub certificates: Certificates,
}

/// Checks the sections.
pub(super) fn checked(file: &File, has_socket: bool, has_tls: bool) -> Result<Local, ConfigError> {
    if !file.peer.is_empty() && !has_socket {
        return Err(value("peer", "needs unix_socket"));
    }
    let client_authentication = client_authentication(file, has_tls)?;
    if !file.certificate.is_empty() && client_authentication.is_none() {
        return Err(value("certificate", "needs tls.client_ca"));
    }
    let mut local = Local {
        client_authentication,
        ..Local::default()
    };
    for peer in &file.peer {
        local.add_peer(peer)?;
    }
    for certificate in &file.certificate {
        local.certificates.add(certificate)?;
    }
    local.certificates.check_sessions()?;
    Ok(local)
}

fn client_authentication(
    file: &File,
    has_tls: bool,
) -> Result<Option<ClientAuthentication>, ConfigError> {
    let tls = file.tls.as_ref();
    let required = tls.and_then(|tls| tls.require_client_certificate);
    let Some(authorities) = tls.and_then(|tls| tls.client_ca.clone()) else {
        return match required {
            Some(_) => Err(value(
                "tls.require_client_certificate",
                "needs tls.client_ca",
            )),
            None => Ok(None),
        };
    };
    if !has_tls {
        return Err(value("tls.client_ca", "needs tls.certificate and tls.key"));
    }
    let required = required.unwrap_or(false);
    if file.certificate.is_empty() && !required {
        let reason = "there is no [[certificate]], and none is required";
        return Err(value("tls.client_ca", reason));
    }
    Ok(Some(ClientAuthentication {
        authorities,
        required,
    }))
}

fn principal(key: &'static str, text: &str) -> Result<EntityReference, ConfigError> {
    text.parse().map_err(|_| {
        let forms = "is not the ARN of a user or role, nor user/NAME or role/NAME";
        value(key, format!("{text:?} {forms}"))
    })
}

/// Puts what is not there yet.
fn put<K: Ord + std::fmt::Debug, V>(
    map: &mut BTreeMap<K, V>,
    key: K,
    mapped: V,
    place: &'static str,
) -> Result<(), ConfigError> {
    let reason = format!("{key:?} is there twice");
    match map.insert(key, mapped) {
        None => Ok(()),
        Some(_) => Err(value(place, reason)),
    }
}

fn id(number: u32, key: &'static str) -> Result<u32, ConfigError> {
    if NOBODY_IN_PARTICULAR.contains(&number) {
        return Err(value(key, format!("{number} is nobody in particular")));
    }
    Ok(number)
}

impl Local {
    fn add_peer(&mut self, given: &FilePeer) -> Result<(), ConfigError> {
        let principal = principal("peer.principal", &given.principal)?;
        match (given.uid, &given.user, given.gid) {
            (Some(uid), None, None) => {
                put(&mut self.uids, id(uid, "peer.uid")?, principal, "peer.uid")
            }
            (None, Some(user), None) => put(&mut self.users, user.clone(), principal, "peer.user"),
            (None, None, Some(gid)) => {
                put(&mut self.gids, id(gid, "peer.gid")?, principal, "peer.gid")
            }
            _ => Err(value("peer", "exactly one of uid, user and gid is needed")),
        }
    }

    /// The same with the ids of the users whom `passwd` lists, in the form of passwd(5).
    pub(super) fn resolve(&self, passwd: &str) -> Result<LocalCallers, ConfigError> {
        let mut uids = self.uids.clone();
        for (user, principal) in &self.users {
            let uid = uid_of(user, passwd);
            let unknown = || value("peer.user", format!("{PASSWD} has no user {user:?}"));
            let uid = id(uid.ok_or_else(unknown)?, "peer.user")?;
            put(&mut uids, uid, principal.clone(), "peer.user")?;
        }
        Ok(LocalCallers {
            uids,
            gids: self.gids.clone(),
            certificates: self.certificates.clone(),
        })
    }
}

fn uid_of(user: &str, passwd: &str) -> Option<u32> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// What a session's name begins with that is made for a process.
const OF_PROCESS: &str = "uid-";

impl Certificates {
    fn add(&mut self, given: &FileCertificate) -> Result<(), ConfigError> {
        let (map, key, name, place) = match (&given.uri_san, &given.dns_san, &given.spki_sha256) {
            (Some(uri), None, None) => {
                let place = "certificate.uri_san";
                (&mut self.uris, uri_name(uri)?, fitted(uri), place)
            }
            (None, Some(name), None) => {
                let place = "certificate.dns_san";
                (&mut self.dns_names, dns_name(name)?, fitted(name), place)
            }
            (None, None, Some(digest)) => {
                let digest = spki(digest)?;
                let name: String = "spki-".chars().chain(digest.chars().take(59)).collect();
                let place = "certificate.spki_sha256";
                (&mut self.public_keys, digest, name, place)
            }
            _ => {
                let reason = "exactly one of uri_san, dns_san and spki_sha256 is needed";
                return Err(value("certificate", reason));
            }
        };
        let principal = principal("certificate.principal", &given.principal)?;
        let session = match (principal.is_role(), &given.session_name) {
            (true, given) => Some(session_name(given.as_ref().unwrap_or(&name))?),
            (false, None) => None,
            (false, Some(_)) => {
                let reason = "the session of a user has no name";
                return Err(value("certificate.session_name", reason));
            }
        };
        put(map, key, CertificateMapping { principal, session }, place)
    }

    fn iter(&self) -> impl Iterator<Item = &CertificateMapping> {
        let names = self.uris.values().chain(self.dns_names.values());
        names.chain(self.public_keys.values())
    }

    /// A policy that names a session means one peer.
    fn check_sessions(&self) -> Result<(), ConfigError> {
        let mut seen = BTreeSet::new();
        let roles = self.iter().filter(|mapping| mapping.principal.is_role());
        for CertificateMapping { principal, session } in roles {
            if !seen.insert((&principal.name, session)) {
                let reason = format!("{principal} has two sessions of one name: give one another");
                return Err(value("certificate.session_name", reason));
            }
        }
        Ok(())
    }

    /// Whether nobody is mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

fn session_name(text: &str) -> Result<SessionName, ConfigError> {
    let fault = |reason: &str| value("certificate.session_name", format!("{text:?} {reason}"));
    let looks_like_a_process = text
        .strip_prefix(OF_PROCESS)
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if looks_like_a_process {
        return Err(fault("is what sessions of processes are called"));
    }
    text.parse()
        .map_err(|_| fault("is not 2 to 64 letters, digits and _+=,.@-: give session_name"))
}

/// The name with each run of what a session name cannot have as one hyphen.
fn fitted(name: &str) -> String {
    let mut fitted = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() || "_+=,.@-".contains(character) {
            fitted.push(character);
        } else if !fitted.ends_with('-') {
            fitted.push('-');
        }
    }
    fitted
}

fn uri_name(uri: &str) -> Result<String, ConfigError> {
    let scheme = uri.split_once(':').filter(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    if scheme.is_some() && uri.len() <= 2048 && uri.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(uri.to_owned());
    }
    Err(value(
        "certificate.uri_san",
        format!("{uri:?} is not a URI"),
    ))
}

fn dns_name(name: &str) -> Result<String, ConfigError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if !name.is_empty() && name.len() <= 253 && name.bytes().all(is_plain) {
        return Ok(name.to_ascii_lowercase());
    }
    let reason = format!("{name:?} is not a DNS name; there are no wildcards");
    Err(value("certificate.dns_san", reason))
}

fn spki(digest: &str) -> Result<String, ConfigError> {
    if digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(digest.to_ascii_lowercase());
    }
    let reason = format!("{digest:?} is not 64 hexadecimal digits");
    Err(value("certificate.spki_sha256", reason))
}

impl Config {
    /// Finds the users of `[[peer]]` in the system's list.
    ///
    /// # Errors
    /// [`ConfigError`] names a user who is not there, or who is mapped already by the id.
    pub fn local_callers(&self) -> Result<LocalCallers, ConfigError> {
        let passwd = match self.local.users.is_empty() {
            true => String::new(),
            false => std::fs::read_to_string(PASSWD).map_err(|source| ConfigError::Unreadable {
                path: PASSWD.into(),
                source,
            })?,
        };
        self.local.resolve(&passwd)
    }
}
