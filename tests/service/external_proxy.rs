//! A proxy in memory that a test can bend, and an engine whose external key stores it serves.

use std::sync::{Arc, Mutex};

use kms_core::crypto::aead::AesGcm;
use kms_core::secret::SecretBytes;
use kms_core::xks::{
    self, DecryptReply, DecryptRequest, EncryptReply, EncryptRequest, ErrorName, ErrorReply,
    ExternalKeyManager, ExternalKeyProxy, HealthReply, MetadataReply, MetadataRequest,
    ProxyFailure, ProxyReply, ProxyRequest, Replying,
};
use serde::Serialize;

use kms_core::Error;
use kms_core::api::{
    Blob, ConnectCustomKeyStoreRequest, ConnectCustomKeyStoreResponse, CreateCustomKeyStoreRequest,
    CreateKeyRequest, CustomKeyStoresListEntry, DescribeCustomKeyStoresRequest,
    DisconnectCustomKeyStoreRequest, ErrorCode, KeyMetadata, XksProxyAuthenticationCredentialType,
    XksProxyMembers,
};
use kms_core::secret::SecretText;
use kms_core::service::Operation;

use super::Fixture;

/// What the proxy does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    Well,
    /// Never answers.
    Hangs,
    Fails(ProxyFailure),
    Refuses(ErrorName),
    Garbles,
    /// Answers an encryption that is not whole.
    Corrupts,
    Disabled,
    NoManager,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    mood: Mutex<Mood>,
    /// Operation and key of each request.
    asked: Mutex<Vec<String>>,
}

impl Proxy {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            mood: Mutex::new(Mood::Well),
            asked: Mutex::default(),
        })
    }

    pub(crate) fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn answer(&self, request: &ProxyRequest) -> Result<ProxyReply, ProxyFailure> {
        let target = request.path.strip_prefix("/kms/xks/v1/").expect("the path");
        self.asked.lock().unwrap().push(target.to_owned());
        let mood = *self.mood.lock().unwrap();
        let body = request.body.expose();
        match mood {
            Mood::Fails(failure) => return Err(failure),
            Mood::Refuses(name) => {
                let refusal = ErrorReply {
                    error_name: name.as_str().to_owned(),
                    error_message: Some("the proxy's own words".to_owned()),
                };
                return Ok(reply(name.http_status(), &refusal));
            }
            Mood::Garbles => return Ok(reply(200, &["no object"])),
            _ => {}
        }
        Ok(match target.rsplit('/').next().unwrap() {
            "health" => health(if mood == Mood::NoManager {
                "UNAVAILABLE"
            } else {
                "ACTIVE"
            }),
            "metadata" => {
                let _: MetadataRequest = xks::read(body).unwrap();
                let status = if mood == Mood::Disabled {
                    "DISABLED"
                } else {
                    "ENABLED"
                };
                reply(
                    200,
                    &MetadataReply {
                        key_spec: "AES_256".to_owned(),
                        key_usage: vec!["ENCRYPT".to_owned(), "DECRYPT".to_owned()],
                        key_status: status.to_owned(),
                    },
                )
            }
            "encrypt" => encrypt(body, mood),
            _ => decrypt(body),
        })
    }
}

impl ExternalKeyProxy for Proxy {
    fn post(&self, request: ProxyRequest) -> Replying {
        assert_eq!(request.host, "xks.example.com");
        assert!(
            request
                .authorization
                .contains("/us-east-1/kms-xks-proxy/aws4_request")
        );
        let answer = self.answer(&request);
        if *self.mood.lock().unwrap() == Mood::Hangs {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move { answer })
    }
}

fn reply(status: u16, body: &impl Serialize) -> ProxyReply {
    ProxyReply {
        status,
        body: SecretBytes::new(serde_json::to_vec(body).unwrap()),
    }
}

fn health(status: &str) -> ProxyReply {
    reply(
        200,
        &HealthReply {
            xks_proxy_fleet_size: 1,
            xks_proxy_vendor: "test".to_owned(),
            xks_proxy_model: "test".to_owned(),
            ekm_vendor: "test".to_owned(),
            ekm_fleet_details: vec![ExternalKeyManager {
                id: "1".to_owned(),
                model: "test".to_owned(),
                health_status: status.to_owned(),
            }],
        },
    )
}

/// What the external key encrypts with, whatever its id.
pub(crate) fn cipher() -> AesGcm {
    AesGcm::new(&[9; 32]).unwrap()
}

fn encrypt(body: &[u8], mood: Mood) -> ProxyReply {
    let asked: EncryptRequest = xks::read(body).unwrap();
    let additional = asked.additional_authenticated_data.unwrap();
    let bound = xks::authenticated(additional.as_slice(), b"v1").unwrap();
    let mut sealed = asked.plaintext.expose().to_vec();
    let tag = cipher()
        .seal_in_place([5; 12], &bound, &mut sealed)
        .unwrap();
    let mut made = EncryptReply {
        ciphertext: sealed.into(),
        ciphertext_metadata: Some(b"v1".to_vec().into()),
        initialization_vector: vec![5; 12].into(),
        authentication_tag: tag.to_vec().into(),
        ciphertext_data_integrity_value: None,
    };
    let value = xks::integrity_value(additional.as_slice(), &made);
    made.ciphertext_data_integrity_value = Some(value.to_vec().into());
    if mood == Mood::Corrupts {
        made.authentication_tag = vec![0; 16].into();
    }
    reply(200, &made)
}

fn decrypt(body: &[u8]) -> ProxyReply {
    let asked: DecryptRequest = xks::read(body).unwrap();
    let additional = asked.additional_authenticated_data.unwrap();
    let metadata = asked.ciphertext_metadata.unwrap();
    let bound = xks::authenticated(additional.as_slice(), metadata.as_slice()).unwrap();
    let tag = asked.authentication_tag.as_slice();
    let mut sealed = [asked.ciphertext.as_slice(), tag].concat();
    let vector = asked.initialization_vector.as_slice().try_into().unwrap();
    let opened = cipher().open(vector, &bound, &mut sealed);
    match opened {
        Ok(plaintext) => {
            let plaintext = SecretBytes::new(plaintext.to_vec());
            reply(200, &DecryptReply { plaintext })
        }
        Err(_) => {
            let refusal = ErrorReply {
                error_name: "InvalidCiphertextException".to_owned(),
                error_message: None,
            };
            reply(400, &refusal)
        }
    }
}

pub(crate) fn members() -> XksProxyMembers {
    XksProxyMembers {
        xks_proxy_uri_endpoint: Some("https://xks.example.com".to_owned()),
        xks_proxy_uri_path: Some("/kms/xks/v1".to_owned()),
        xks_proxy_connectivity: Some("PUBLIC_ENDPOINT".to_owned()),
        xks_proxy_authentication_credential: Some(XksProxyAuthenticationCredentialType {
            access_key_id: Some(SecretText::new("ABCDEFGHIJKLMNOPQRST".to_owned())),
            raw_secret_access_key: Some(SecretText::new("sesame/".repeat(7))),
        }),
        ..XksProxyMembers::default()
    }
}

pub(crate) fn creation(name: &str) -> CreateCustomKeyStoreRequest {
    CreateCustomKeyStoreRequest {
        custom_key_store_name: Some(name.to_owned()),
        custom_key_store_type: Some("EXTERNAL_KEY_STORE".to_owned()),
        proxy: members(),
        ..CreateCustomKeyStoreRequest::default()
    }
}

pub(crate) struct World {
    pub(crate) fixture: Fixture,
    pub(crate) proxy: Arc<Proxy>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut fixture = Fixture::new();
        let proxy = Proxy::new();
        let engine = fixture.engine.take().unwrap();
        fixture.engine = Some(engine.with_external_key_proxy(Arc::clone(&proxy) as _));
        Self { fixture, proxy }
    }

    pub(crate) fn send<O: Operation>(&self, request: O) -> Result<O::Response, Error> {
        self.fixture.send(request)
    }

    /// A connected store.
    pub(crate) fn store(&self) -> String {
        let made = self.send(creation("safe")).unwrap();
        let id = made.custom_key_store_id.to_string();
        self.connect(&id).unwrap();
        id
    }

    pub(crate) fn connect(&self, store: &str) -> Result<ConnectCustomKeyStoreResponse, Error> {
        self.send(ConnectCustomKeyStoreRequest {
            custom_key_store_id: Some(store.to_owned()),
        })
    }

    pub(crate) fn disconnect(&self, store: &str) {
        let custom_key_store_id = Some(store.to_owned());
        let request = DisconnectCustomKeyStoreRequest {
            custom_key_store_id,
        };
        self.send(request).unwrap();
    }

    pub(crate) fn create_key(&self, store: &str, key: &str) -> Result<KeyMetadata, Error> {
        let request = CreateKeyRequest {
            origin: Some("EXTERNAL_KEY_STORE".to_owned()),
            custom_key_store_id: Some(store.to_owned()),
            xks_key_id: Some(key.to_owned()),
            ..CreateKeyRequest::default()
        };
        self.send(request).map(|made| made.key_metadata)
    }

    pub(crate) fn key(&self) -> (String, String) {
        let store = self.store();
        let key = self.create_key(&store, "hsm-1").unwrap().arn.to_string();
        (store, key)
    }

    pub(crate) fn encrypt(&self, key: &str) -> Result<Blob, Error> {
        let request = EncryptRequestOf(key).request();
        self.send(request).map(|sealed| sealed.ciphertext_blob)
    }

    pub(crate) fn decrypt(&self, blob: &Blob) -> Result<Vec<u8>, Error> {
        let request = kms_core::api::DecryptRequest {
            ciphertext_blob: Some(blob.clone()),
            ..kms_core::api::DecryptRequest::default()
        };
        self.send(request)
            .map(|opened| opened.plaintext.expose().to_vec())
    }

    pub(crate) fn entry(&self) -> CustomKeyStoresListEntry {
        let all = self
            .send(DescribeCustomKeyStoresRequest::default())
            .unwrap();
        all.custom_key_stores[0].clone()
    }
}

pub(crate) struct EncryptRequestOf<'a>(pub(crate) &'a str);

impl EncryptRequestOf<'_> {
    pub(crate) fn request(&self) -> kms_core::api::EncryptRequest {
        kms_core::api::EncryptRequest {
            key_id: Some(self.0.to_owned()),
            plaintext: Some(SecretBytes::new(b"attack at dawn".to_vec())),
            ..kms_core::api::EncryptRequest::default()
        }
    }
}

pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (ErrorCode, String) {
    let error = result.unwrap_err();
    (error.code(), error.to_string())
}
