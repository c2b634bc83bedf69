//! Signing requests that go out, by the header.

use crate::crypto::digest::sha256;
use crate::ids::Region;
use crate::time::Timestamp;

use super::verify::SignedHeaders;
use super::{ALGORITHM, Malformed, Request, SigningKey, TERMINATOR, canonical, hex};

/// The headers that are signed, and sent.
const SIGNED_HEADERS: &str = "host;x-amz-date";

/// A `POST` without a query that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The header `host`.
    pub host: &'a str,
    /// The path, which needs no percent-encoding.
    pub path: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// The headers that a signature consists of.
#[derive(Clone, Debug)]
pub struct Signed {
    /// `x-amz-date`
    pub date: String,
    /// `authorization`
    pub authorization: String,
}

impl Outgoing<'_> {
    /// Signs the request for `service` in `region` at `now`, by the secret access key of
    /// `access_key_id`.
    ///
    /// # Errors
    /// [`Malformed::Path`] when the path is not a canonical one.
    pub fn sign(
        &self,
        access_key_id: &str,
        secret_access_key: &[u8],
        region: &Region,
        service: &str,
        now: Timestamp,
    ) -> Result<Signed, Malformed> {
        let date = now.to_basic_iso8601();
        let day = date.get(..8).ok_or(Malformed::Date)?;
        let headers = [
            ("host", self.host.as_bytes()),
            ("x-amz-date", date.as_bytes()),
        ];
        let request = Request {
            method: "POST",
            path: self.path,
            query: "",
            headers: &headers,
            body: self.body,
        };
        let mut canonical = Vec::new();
        let signed_headers = SignedHeaders::parse(SIGNED_HEADERS, ";")?;
        let body_hash = hex::encode(&sha256(self.body));
        canonical::write(&request, signed_headers, false, &body_hash, &mut canonical)?;
        let scope = format!("{day}/{region}/{service}/{TERMINATOR}");
        let key = SigningKey::derive(secret_access_key, day, region, service);
        let hash = hex::encode(&sha256(&canonical));
        let head = format!("{ALGORITHM}\n{date}\n{scope}\n");
        let signature = key.sign(&[head.as_bytes(), &hash]);
        let authorization = format!(
            "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={SIGNED_HEADERS}, \
             Signature={signature}"
        );
        Ok(Signed {
            date,
            authorization,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::{Presented, Refusal};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn verify(path: &str, body: &[u8], signed: &Signed) -> Result<(), Refusal> {
        let headers: [(&str, &[u8]); 3] = [
            ("host", b"xks.example.com"),
            ("x-amz-date", signed.date.as_bytes()),
            ("authorization", signed.authorization.as_bytes()),
        ];
        let request = Request {
            method: "POST",
            path,
            query: "",
            headers: &headers,
            body,
        };
        let region = "us-east-1".parse().unwrap();
        let admitted = Presented::parse(&request)?.admit("kms-xks-proxy", &region, NOW)?;
        let key = SigningKey::derive(b"secret", admitted.day(), &region, "kms-xks-proxy");
        admitted.verify(&key, &mut Vec::new())
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let outgoing = Outgoing {
            host: "xks.example.com",
            path: "/kms/xks/v1/health",
            body: b"{}",
        };
        let region = "us-east-1".parse().unwrap();
        let sign = |secret: &[u8]| {
            let signed = outgoing.sign("AKIDEXAMPLE", secret, &region, "kms-xks-proxy", NOW);
            signed.unwrap()
        };
        let signed = sign(b"secret");
        verify("/kms/xks/v1/health", b"{}", &signed).unwrap();
        for (path, body, signed) in [
            ("/kms/xks/v1/health", &b"{ }"[..], &signed),
            ("/kms/xks/v1/keys", b"{}", &signed),
            ("/kms/xks/v1/health", b"{}", &sign(b"secre7")),
        ] {
            let refusal = verify(path, body, signed).unwrap_err();
            assert_eq!(refusal, Refusal::Mismatch);
        }
    }
}
