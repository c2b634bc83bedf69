//! What a session token says, `docs/spec/session-token.md`.

use std::collections::BTreeMap;

use super::{Principal, Session, SessionTag, WebIdentity};
use crate::ids::{AccessKeyId, AccountId};
use crate::time::Timestamp;

const VERSION: u8 = 1;

/// The longest content of a token, in bytes.
pub const MAX_SESSION_TOKEN: usize = 8192;

const ROLE: u8 = 1;
const USER: u8 = 2;
const FEDERATED: u8 = 3;
const ROOT: u8 = 4;

const HAS_MFA: u8 = 0x01;
const HAS_ISSUER: u8 = 0x02;
const HAS_SOURCE_IDENTITY: u8 = 0x04;
const HAS_POLICY: u8 = 0x08;
const HAS_WEB_IDENTITY: u8 = 0x10;
const ALL_FLAGS: u8 = 0x1f;

/// Bytes that are not the content of a session token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session token")]
pub struct InvalidSessionToken;

/// A session that would need more room than a token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much for a session token")]
pub struct SessionTooLarge;

/// The content of a session token: whose credentials they are, and for what session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// Who may use the credentials: the root user, a user, a session of a role, or a federated user.
    pub principal: Principal,
    /// For what session.
    pub session: Session,
}

impl SessionToken {
    /// The content, to be sealed.
    ///
    /// # Errors
    /// [`SessionTooLarge`] past [`MAX_SESSION_TOKEN`] bytes or what a length or count can say, and
    /// for the service itself, which has no sessions.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SessionTooLarge> {
        let mut out = Writer(Vec::with_capacity(512));
        out.byte(VERSION);
        write_principal(&mut out, &self.principal)?;
        write_session(&mut out, &self.session)?;
        if out.0.len() > MAX_SESSION_TOKEN {
            return Err(SessionTooLarge);
        }
        Ok(out.0)
    }

    /// Reads what [`SessionToken::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`InvalidSessionToken`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidSessionToken> {
        Self::read(bytes).ok_or(InvalidSessionToken)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_SESSION_TOKEN {
            return None;
        }
        let mut rest = Reader(bytes);
        if rest.byte()? != VERSION {
            return None;
        }
        let principal = read_principal(&mut rest)?;
        let session = read_session(&mut rest)?;
        rest.0.is_empty().then_some(Self { principal, session })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn count(&mut self, count: usize) -> Result<(), SessionTooLarge> {
        self.byte(u8::try_from(count).map_err(|_| SessionTooLarge)?);
        Ok(())
    }

    fn moment(&mut self, moment: Timestamp) {
        self.0.extend_from_slice(&moment.seconds().to_be_bytes());
    }

    fn text(&mut self, text: &str) -> Result<(), SessionTooLarge> {
        let length = u16::try_from(text.len()).map_err(|_| SessionTooLarge)?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn moment(&mut self) -> Option<Timestamp> {
        let (seconds, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        let seconds = i64::from_be_bytes(*seconds);
        // What does not come back as it was written is not a moment.
        Some(Timestamp::from_seconds(seconds)).filter(|moment| moment.seconds() == seconds)
    }

    fn text(&mut self) -> Option<&'a str> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn name<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }
}

fn write_principal(out: &mut Writer, principal: &Principal) -> Result<(), SessionTooLarge> {
    let (kind, texts): (u8, Vec<&str>) = match principal {
        Principal::AssumedRole {
            path,
            role,
            id,
            session,
            ..
        } => (
            ROLE,
            vec![id.as_str(), path.as_str(), role.as_str(), session.as_str()],
        ),
        Principal::User { path, name, id, .. } => {
            (USER, vec![id.as_str(), path.as_str(), name.as_str()])
        }
        Principal::FederatedUser {
            issuer,
            issuer_path,
            issuer_name,
            name,
            ..
        } => (
            FEDERATED,
            vec![
                issuer.as_str(),
                issuer_path.as_str(),
                issuer_name.as_str(),
                name.as_str(),
            ],
        ),
        Principal::Root { .. } => (ROOT, Vec::new()),
        Principal::Service { .. } => return Err(SessionTooLarge),
    };
    out.byte(kind);
    out.text(principal.account().as_str())?;
    texts.into_iter().try_for_each(|text| out.text(text))
}

fn read_principal(rest: &mut Reader<'_>) -> Option<Principal> {
    let kind = rest.byte()?;
    let account: AccountId = rest.name()?;
    Some(match kind {
        ROLE => Principal::AssumedRole {
            account,
            id: rest.name()?,
            path: rest.name()?,
            role: rest.name()?,
            session: rest.name()?,
        },
        USER => Principal::User {
            account,
            id: rest.name()?,
            path: rest.name()?,
            name: rest.name()?,
        },
        FEDERATED => Principal::FederatedUser {
            account,
            issuer: rest.name()?,
            issuer_path: rest.name()?,
            issuer_name: rest.name()?,
            name: rest.name()?,
        },
        ROOT => Principal::Root { account },
        _ => return None,
    })
}

fn write_session(out: &mut Writer, session: &Session) -> Result<(), SessionTooLarge> {
    out.moment(session.issued);
    out.moment(session.expires);
    let flag = |there: bool, bit: u8| if there { bit } else { 0 };
    out.byte(
        flag(session.mfa.is_some(), HAS_MFA)
            | flag(session.issuer.is_some(), HAS_ISSUER)
            | flag(session.source_identity.is_some(), HAS_SOURCE_IDENTITY)
            | flag(session.policy.is_some(), HAS_POLICY)
            | flag(session.web_identity.is_some(), HAS_WEB_IDENTITY),
    );
    if let Some(mfa) = session.mfa {
        out.moment(mfa);
    }
    if let Some(issuer) = &session.issuer {
        out.text(issuer.as_str())?;
    }
    if let Some(identity) = &session.source_identity {
        out.text(identity.as_str())?;
    }
    if let Some(policy) = &session.policy {
        out.text(policy)?;
    }
    out.count(session.policy_arns.len())?;
    session
        .policy_arns
        .iter()
        .try_for_each(|arn| out.text(arn))?;
    out.count(session.tags.len())?;
    for (key, tag) in &session.tags {
        out.text(key)?;
        out.text(&tag.value)?;
        out.byte(u8::from(tag.transitive));
    }
    if let Some(identity) = &session.web_identity {
        write_web_identity(out, identity)?;
    }
    Ok(())
}

fn read_session(rest: &mut Reader<'_>) -> Option<Session> {
    let (issued, expires) = (rest.moment()?, rest.moment()?);
    let flags = rest.byte()?;
    if flags & !ALL_FLAGS != 0 {
        return None;
    }
    let has = |flag: u8| flags & flag != 0;
    let mut session = Session::new(issued, expires);
    if has(HAS_MFA) {
        session.mfa = Some(rest.moment()?);
    }
    if has(HAS_ISSUER) {
        session.issuer = Some(rest.name::<AccessKeyId>()?);
    }
    if has(HAS_SOURCE_IDENTITY) {
        session.source_identity = Some(rest.name()?);
    }
    if has(HAS_POLICY) {
        session.policy = Some(rest.text()?.to_owned());
    }
    for _ in 0..rest.byte()? {
        session.policy_arns.push(rest.text()?.to_owned());
    }
    session.tags = read_tags(rest)?;
    if has(HAS_WEB_IDENTITY) {
        session.web_identity = Some(read_web_identity(rest)?);
    }
    Some(session)
}

fn read_tags(rest: &mut Reader<'_>) -> Option<BTreeMap<String, SessionTag>> {
    let mut tags = BTreeMap::new();
    for _ in 0..rest.byte()? {
        let key = ascending(&tags, rest.text()?)?;
        let value = rest.text()?.to_owned();
        let transitive = match rest.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        tags.insert(key, SessionTag { value, transitive });
    }
    Some(tags)
}

/// The key, if it stands behind all before it: so that one map has one encoding.
fn ascending<V>(before: &BTreeMap<String, V>, key: &str) -> Option<String> {
    let last = before.last_key_value();
    last.is_none_or(|(last, _)| last.as_str() < key)
        .then(|| key.to_owned())
}

fn write_web_identity(out: &mut Writer, identity: &WebIdentity) -> Result<(), SessionTooLarge> {
    out.text(&identity.provider)?;
    out.count(identity.claims.len())?;
    for (name, values) in &identity.claims {
        out.text(name)?;
        out.count(values.len())?;
        values.iter().try_for_each(|value| out.text(value))?;
    }
    Ok(())
}

fn read_web_identity(rest: &mut Reader<'_>) -> Option<WebIdentity> {
    let provider = rest.text()?.to_owned();
    let mut claims = BTreeMap::new();
    for _ in 0..rest.byte()? {
        let name = ascending(&claims, rest.text()?)?;
        let mut values = Vec::new();
        for _ in 0..rest.byte()? {
            values.push(rest.text()?.to_owned());
        }
        if values.is_empty() {
            return None;
        }
        claims.insert(name, values);
    }
    Some(WebIdentity { provider, claims })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
