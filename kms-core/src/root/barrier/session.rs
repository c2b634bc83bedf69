//! Temporary credentials: a token that is sealed for one access key, and the secret of that key,
//! both made of what only the store and the token hold, so that nothing is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Barrier, BarrierError, Header};
use crate::crypto::random::{self, Random};
use crate::ids::AccessKeyId;
use crate::root::bind;
use crate::secret::{SecretBytes, SecretText};

/// Bytes of a secret access key: 40 characters of base64.
const SECRET_BYTES: usize = 30;

/// How many bytes a sealed token is longer than its content.
pub const SESSION_OVERHEAD: usize = super::OVERHEAD;

/// What is given out.
#[derive(Debug)]
pub struct SealedSession {
    /// The sealed token.
    pub token: Vec<u8>,
    /// The secret access key, 40 characters.
    pub secret: SecretText,
}

/// What a token holds that somebody brought.
#[derive(Debug)]
pub struct OpenedSession {
    /// What was sealed.
    pub content: SecretBytes,
    /// The secret access key that was given out with the token.
    pub secret: SecretText,
}

impl Barrier {
    /// Seals a session token for the access key `id`, and makes the secret of that key.
    ///
    /// # Errors
    /// [`BarrierError::Failed`].
    pub fn seal_session(
        &self,
        id: &AccessKeyId,
        content: &[u8],
        random: &dyn Random,
    ) -> Result<SealedSession, BarrierError> {
        let header = Header {
            generation: self.active,
            nonce: random::array(random)?,
        };
        let key = &self.keys(self.active)?.session;
        Ok(SealedSession {
            token: header.seal(key, &self.session_binding(id)?, content)?,
            secret: self.session_secret(&header, id)?,
        })
    }

    /// Opens what [`Barrier::seal_session`] made for the access key `id`.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn open_session(
        &self,
        id: &AccessKeyId,
        token: &[u8],
    ) -> Result<OpenedSession, BarrierError> {
        let (header, body) = Header::parse(token)?;
        let key = &self.keys(header.generation)?.session;
        Ok(OpenedSession {
            content: header.open(key, &self.session_binding(id)?, body)?,
            secret: self.session_secret(&header, id)?,
        })
    }

    fn session_binding(&self, id: &AccessKeyId) -> Result<Vec<u8>, BarrierError> {
        Ok(bind(&[&self.store_id, id.as_str().as_bytes()])?)
    }

    fn session_secret(
        &self,
        header: &Header,
        id: &AccessKeyId,
    ) -> Result<SecretText, BarrierError> {
        let key = &self.keys(header.generation)?.session_secret;
        let binding = self.session_binding(id)?;
        let secret = key.expand::<SECRET_BYTES>(&[&header.nonce, &binding])?;
        Ok(SecretText::new(STANDARD.encode(secret.expose())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;
    use crate::root::RootKeyRing;

    fn barrier() -> (RootKeyRing, Barrier) {
        let ring = RootKeyRing::generate([7; 16], &SystemRandom).unwrap();
        let barrier = Barrier::new(&ring).unwrap();
        (ring, barrier)
    }

    fn id(text: &str) -> AccessKeyId {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_opens_for_its_access_key_alone_and_tells_the_same_secret() {
        let (_ring, barrier) = barrier();
        let own = id("ASIAIOSFODNN7EXAMPLE");
        let sealed = barrier.seal_session(&own, b"who", &SystemRandom).unwrap();
        let opened = barrier.open_session(&own, &sealed.token).unwrap();
        assert_eq!(opened.content.expose(), b"who");
        assert_eq!(opened.secret.expose(), sealed.secret.expose());
        assert_eq!(opened.secret.expose().len(), 40);
        let other = id("ASIAIOSFODNN7EXAMPLF");
        let refused = barrier.open_session(&other, &sealed.token).unwrap_err();
        assert_eq!(refused, BarrierError::Altered);
    }

    #[test]
    fn two_tokens_of_one_access_key_have_different_secrets() {
        let (_ring, barrier) = barrier();
        let own = id("ASIAIOSFODNN7EXAMPLE");
        let one = barrier.seal_session(&own, b"who", &SystemRandom).unwrap();
        let two = barrier.seal_session(&own, b"who", &SystemRandom).unwrap();
        assert_ne!(one.secret.expose(), two.secret.expose());
    }

    #[test]
    fn every_altered_bit_and_every_cut_is_refused() {
        let (_ring, barrier) = barrier();
        let own = id("ASIAIOSFODNN7EXAMPLE");
        let sealed = barrier.seal_session(&own, b"who", &SystemRandom).unwrap();
        for bit in 0..sealed.token.len() * 8 {
            let mut altered = sealed.token.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(barrier.open_session(&own, &altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.token.len() {
            let cut = &sealed.token[..length];
            assert!(barrier.open_session(&own, cut).is_err(), "{length}");
        }
    }

    #[test]
    fn a_token_of_another_store_or_purpose_is_refused() {
        let (ring, barrier) = barrier();
        let own = id("ASIAIOSFODNN7EXAMPLE");
        let sealed = barrier.seal_session(&own, b"who", &SystemRandom).unwrap();
        let mut bytes = ring.to_bytes().unwrap().expose().to_vec();
        bytes[1] ^= 1;
        let elsewhere = Barrier::new(&RootKeyRing::parse(&bytes).unwrap()).unwrap();
        assert!(elsewhere.open_session(&own, &sealed.token).is_err());
        let grant = crate::root::TokenPurpose::Grant;
        assert!(barrier.open_token(grant, &sealed.token).is_err());
        let grant = barrier.seal_token(grant, b"who", &SystemRandom).unwrap();
        assert!(barrier.open_session(&own, &grant).is_err());
    }

    #[test]
    fn an_older_generation_still_opens_what_it_sealed() {
        let (mut ring, old) = barrier();
        let own = id("ASIAIOSFODNN7EXAMPLE");
        let sealed = old.seal_session(&own, b"who", &SystemRandom).unwrap();
        ring.rotate(&SystemRandom).unwrap();
        let new = Barrier::new(&ring).unwrap();
        let opened = new.open_session(&own, &sealed.token).unwrap();
        assert_eq!(opened.secret.expose(), sealed.secret.expose());
        let later = new.seal_session(&own, b"who", &SystemRandom).unwrap();
        let refused = old.open_session(&own, &later.token).unwrap_err();
        assert_eq!(refused, BarrierError::UnknownGeneration(2));
    }
}
