//! Session tokens as they go out and come back, `docs/spec/session-token.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;
use crate::api::query::{QueryCode, Xml};
use crate::caller::{MAX_SESSION_TOKEN, SessionToken, SessionTooLarge};
use crate::crypto::random::Random;
use crate::identity::generate_temporary_access_key_id;
use crate::ids::AccessKeyId;
use crate::root::{Barrier, SESSION_OVERHEAD};
use crate::secret::SecretText;
use crate::service::parameters::Parameters;
use crate::time::Timestamp;

/// The longest token as text, in characters: base 64 of the longest one.
const MAX_TEXT: usize = (MAX_SESSION_TOKEN + SESSION_OVERHEAD).div_ceil(3) * 4;

/// How many bytes the policies and tags of a session may take together.
pub(super) const MAX_PACKED: usize = 6144;

/// Credentials that were made for a session. The secret and the token are told this once.
#[derive(Debug)]
pub struct TemporaryCredentials {
    /// `ASIA…`.
    pub access_key_id: AccessKeyId,
    /// 40 characters.
    pub secret_access_key: SecretText,
    /// What every request with these credentials has to bring.
    pub session_token: SecretText,
    /// From when on they are refused.
    pub expiration: Timestamp,
}

impl TemporaryCredentials {
    /// The element `Credentials`.
    pub(super) fn write_credentials(&self, xml: &mut Xml) {
        xml.element("Credentials", |xml| {
            xml.text("AccessKeyId", self.access_key_id.as_str());
            xml.text("SecretAccessKey", self.secret_access_key.expose());
            xml.text("SessionToken", self.session_token.expose());
            xml.text("Expiration", &self.expiration.to_rfc3339());
        });
    }

    /// What the ledger keeps: neither the secret nor the token.
    pub(super) fn elements(&self) -> Parameters {
        let mut credentials = Parameters::default();
        credentials.value("accessKeyId", &self.access_key_id);
        credentials.value("expiration", &self.expiration.to_rfc3339());
        let mut elements = Parameters::default();
        elements.object("credentials", credentials);
        elements
    }
}

/// Makes credentials for a session; nothing of them is kept.
///
/// # Errors
/// `PackedPolicyTooLarge` for more policies and tags than a token holds; [`Error::Internal`] when
/// there is no randomness.
pub(in crate::service) fn give_out(
    token: &SessionToken,
    barrier: &Barrier,
    random: &dyn Random,
) -> Result<TemporaryCredentials, Error> {
    if token.session.packed_size() > MAX_PACKED {
        return Err(too_large(SessionTooLarge));
    }
    let content = token.to_bytes().map_err(too_large)?;
    let id = generate_temporary_access_key_id(random).map_err(Error::internal)?;
    let sealed = barrier.seal_session(&id, &content, random);
    let sealed = sealed.map_err(Error::internal)?;
    Ok(TemporaryCredentials {
        access_key_id: id,
        secret_access_key: sealed.secret,
        session_token: SecretText::new(STANDARD.encode(&sealed.token)),
        expiration: token.session.expires,
    })
}

fn too_large(_: SessionTooLarge) -> Error {
    let message = "Serialized token too large for session. Use smaller session policies, or fewer \
                   session tags.";
    Error::Query(QueryCode::PackedPolicyTooLarge, message.to_owned())
}

/// Opens a token that somebody brought with the access key `id`: for what session it is, and the
/// secret that signs. `None` for what this store did not give out with that access key.
pub(in crate::service) fn open(
    id: &AccessKeyId,
    text: &str,
    barrier: &Barrier,
) -> Option<(SessionToken, SecretText)> {
    if !id.is_temporary() || text.len() > MAX_TEXT {
        return None;
    }
    let sealed = STANDARD.decode(text).ok()?;
    let opened = barrier.open_session(id, &sealed).ok()?;
    let token = SessionToken::parse(opened.content.expose()).ok()?;
    Some((token, opened.secret))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::root::RootKeyRing;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().collect();
        let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
        pairs
            .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
            .collect()
    }

    #[test]
    fn the_vectors_open_as_they_say() {
        let text = include_str!("../../../../tests/vectors/session-token.json");
        let vectors: Value = serde_json::from_str(text).unwrap();
        let field = |name: &str| bytes(vectors[name].as_str().unwrap());
        let mut ring = vec![1];
        ring.extend(field("store_id"));
        ring.extend([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
        ring.extend(field("root_key"));
        let barrier = Barrier::new(&RootKeyRing::parse(&ring).unwrap()).unwrap();
        let tokens = vectors["tokens"].as_array().unwrap();
        assert!(tokens.len() > 50);
        for vector in tokens {
            let id = vector["access_key_id"].as_str().unwrap().parse().unwrap();
            let opened = open(&id, vector["token"].as_str().unwrap(), &barrier);
            let arn = opened.as_ref().map(|(token, _)| token.principal.arn());
            assert_eq!(
                arn.as_deref(),
                vector["principal"].as_str(),
                "{}",
                vector["name"]
            );
            let secret = opened.as_ref().map(|(_, secret)| secret.expose());
            assert_eq!(secret, vector["secret"].as_str(), "{}", vector["name"]);
        }
    }
}
