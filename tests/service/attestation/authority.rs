//! An authority like that of Nitro attestation, and documents of its making, good and bad.

use kms_core::attestation::TrustedRoots;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, SignatureAlgorithm, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};

/// The time of the fixture's clock, in milliseconds.
pub(super) const NOW: u64 = 1_800_000_000_000;

/// A certificate with its key, and all that is above it, the root first.
pub(super) struct Link {
    params: CertificateParams,
    key: KeyPair,
    pub(super) der: Vec<u8>,
    above: Vec<Vec<u8>>,
}

/// An authority's certificate, valid in 2027, for one on P-384.
pub(super) fn authority(name: &str, path_length: Option<u8>) -> CertificateParams {
    let mut params = leaf(name);
    params.is_ca = IsCa::Ca(match path_length {
        Some(length) => BasicConstraints::Constrained(length),
        None => BasicConstraints::Unconstrained,
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A certificate that signs documents, valid in 2027.
pub(super) fn leaf(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2027, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

impl Link {
    pub(super) fn root(params: CertificateParams) -> Self {
        Self::root_with(params, &PKCS_ECDSA_P384_SHA384)
    }

    pub(super) fn root_with(
        params: CertificateParams,
        algorithm: &'static SignatureAlgorithm,
    ) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            params,
            key,
            der,
            above: Vec::new(),
        }
    }

    pub(super) fn issue(&self, params: CertificateParams) -> Self {
        self.issue_with(params, &PKCS_ECDSA_P384_SHA384)
    }

    pub(super) fn issue_with(
        &self,
        params: CertificateParams,
        algorithm: &'static SignatureAlgorithm,
    ) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        let mut above = self.above.clone();
        above.push(self.der.clone());
        Self {
            params,
            key,
            der,
            above,
        }
    }

    /// The certificates above it, the root first.
    pub(super) fn above(&self) -> &[Vec<u8>] {
        &self.above
    }

    /// The roots of a service that trusts this certificate.
    pub(super) fn trusted(&self) -> TrustedRoots {
        let mut roots = TrustedRoots::default();
        roots.add_pem(pem(&self.der).as_bytes()).unwrap();
        roots
    }

    /// A signed document with these members.
    pub(super) fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let structure = [
            head(4, 4),
            text("Signature1"),
            bytes(&PROTECTED),
            bytes(b""),
            bytes(payload),
        ];
        sign1(&PROTECTED, payload, &self.signature(&structure.concat()))
    }

    pub(super) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let pkcs8 = self.key.serialize_der();
        let algorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8, &random).unwrap();
        key.sign(&random, message).unwrap().as_ref().to_vec()
    }

    /// The members of a good document of an enclave, in the order of real ones.
    pub(super) fn claims(&self, public_key: &[u8]) -> Claims {
        let bundle = self.above.iter().map(|der| bytes(der)).collect::<Vec<_>>();
        let count = bundle.len() as u64;
        Claims(vec![
            ("module_id", text("i-0123456789abcdef0-enc0123456789abcdef")),
            ("digest", text("SHA384")),
            ("timestamp", head(0, NOW)),
            (
                "pcrs",
                registers(
                    &(0..16)
                        .map(|index| (index, [index as u8; 48].to_vec()))
                        .collect::<Vec<_>>(),
                ),
            ),
            ("certificate", bytes(&self.der)),
            ("cabundle", [head(4, count), bundle.concat()].concat()),
            ("public_key", bytes(public_key)),
            ("user_data", NULL.to_vec()),
            ("nonce", NULL.to_vec()),
        ])
    }

    pub(super) fn document(&self, public_key: &[u8]) -> Vec<u8> {
        self.sign(&self.claims(public_key).encode())
    }
}

/// A root, two authorities below it, and a certificate that signs documents.
pub(super) fn chain() -> (Link, Link) {
    let root = Link::root(authority("root", None));
    let region = root.issue(authority("region", Some(1)));
    let leaf = region.issue(authority("zone", Some(0))).issue(leaf("leaf"));
    (root, leaf)
}

pub(super) fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    format!("{begin}\n{}\n{end}\n", lines.join("\n"))
}

pub(super) const PROTECTED: [u8; 4] = [0xa1, 0x01, 0x38, 0x22];
pub(super) const NULL: &[u8] = &[0xf6];

/// Members of a payload, already encoded.
#[derive(Clone)]
pub(super) struct Claims(pub(super) Vec<(&'static str, Vec<u8>)>);

impl Claims {
    pub(super) fn encode(&self) -> Vec<u8> {
        let members = self
            .0
            .iter()
            .map(|(name, value)| [text(name), value.clone()].concat());
        let members: Vec<Vec<u8>> = members.collect();
        [head(5, self.0.len() as u64), members.concat()].concat()
    }

    pub(super) fn with(mut self, name: &'static str, value: Vec<u8>) -> Self {
        match self.0.iter_mut().find(|(found, _)| *found == name) {
            Some(member) => member.1 = value,
            None => self.0.push((name, value)),
        }
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(found, _)| *found != name);
        self
    }
}

/// The head of a CBOR value.
pub(super) fn head(major: u8, number: u64) -> Vec<u8> {
    let first = major << 5;
    match number {
        0..24 => vec![first | number as u8],
        24..0x100 => vec![first | 24, number as u8],
        0x100..0x1_0000 => [vec![first | 25], (number as u16).to_be_bytes().to_vec()].concat(),
        0x1_0000..0x1_0000_0000 => {
            [vec![first | 26], (number as u32).to_be_bytes().to_vec()].concat()
        }
        _ => [vec![first | 27], number.to_be_bytes().to_vec()].concat(),
    }
}

pub(super) fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len() as u64), value.to_vec()].concat()
}

pub(super) fn text(value: &str) -> Vec<u8> {
    [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
}

pub(super) fn registers(values: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let pairs = values
        .iter()
        .map(|(index, value)| [head(0, *index), bytes(value)].concat());
    let pairs: Vec<Vec<u8>> = pairs.collect();
    [head(5, values.len() as u64), pairs.concat()].concat()
}

pub(super) fn sign1(protected: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let parts = [
        head(4, 4),
        bytes(protected),
        head(5, 0),
        bytes(payload),
        bytes(signature),
    ];
    parts.concat()
}
