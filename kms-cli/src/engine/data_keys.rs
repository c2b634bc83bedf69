//! The keyring of the envelope over a key management service.

use kms_core::api::{
    DecryptRequest, DescribeKeyRequest, EncryptRequest, EncryptionContextMap,
    GenerateDataKeyRequest,
};
use kms_core::ciphertext::EncryptionContext;
use kms_core::envelope::{
    AwsKmsKeys, DataKey, DataKeys, DiscoveryFilter, EncryptedDataKey, KeyError, NamedKey,
    RSA_RECIPIENT_NAMESPACE,
};
use kms_core::ids::{KeyArn, KeyRef};
use kms_core::secret::SecretBytes;

use super::Kms;
use crate::failure::{Failure, Kind};

/// Makes and unwraps data keys as AWS's KMS keyring does (provider `aws-kms`).
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    kms: &'a Kms,
    keys: Vec<String>,
    filter: DiscoveryFilter,
}

impl<'a> Keys<'a> {
    /// To encrypt, `keys` are the recipients. To decrypt, they are the only keys that may be used,
    /// or any that the message names when there are none.
    pub(crate) fn new(kms: &'a Kms, keys: &[String]) -> Self {
        Self {
            kms,
            keys: keys.to_vec(),
            filter: DiscoveryFilter::default(),
        }
    }

    /// The same, with a filter for keys that only the message names.
    pub(crate) fn discovering(self, filter: DiscoveryFilter) -> Self {
        Self { filter, ..self }
    }

    fn generate_first(
        &self,
        key: &str,
        length: usize,
        context: &EncryptionContext,
    ) -> Result<DataKey, Failure> {
        let answer = self.kms.call(GenerateDataKeyRequest {
            key_id: Some(key.to_owned()),
            encryption_context: pairs(context),
            number_of_bytes: i32::try_from(length).ok(),
            ..GenerateDataKeyRequest::default()
        })?;
        if answer.plaintext.len() != length {
            return Err(Failure::new(
                Kind::Unavailable,
                "the data key does not have the length that was asked for",
            ));
        }
        let blob = answer.ciphertext_blob.into_vec();
        Ok(DataKey {
            plaintext: answer.plaintext,
            encrypted: vec![EncryptedDataKey::aws_kms(&answer.key_id.to_string(), blob)],
        })
    }

    fn encrypt(
        &self,
        key: &str,
        plaintext: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, Failure> {
        let answer = self.kms.call(EncryptRequest {
            key_id: Some(key.to_owned()),
            plaintext: Some(SecretBytes::new(plaintext.expose().to_vec())),
            encryption_context: pairs(context),
            ..EncryptRequest::default()
        })?;
        let blob = answer.ciphertext_blob.into_vec();
        Ok(EncryptedDataKey::aws_kms(&answer.key_id.to_string(), blob))
    }

    fn decrypt(
        &self,
        arn: &KeyArn,
        ciphertext: &[u8],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, Failure> {
        let answer = self.kms.call(DecryptRequest {
            key_id: Some(arn.to_string()),
            ciphertext_blob: Some(ciphertext.to_vec().into()),
            encryption_context: pairs(context),
            ..DecryptRequest::default()
        })?;
        if answer.key_id == *arn && answer.plaintext.len() == length {
            return Ok(answer.plaintext);
        }
        Err(Failure::new(
            Kind::Integrity,
            "the data key was decrypted with another key, or has another length, than the message says",
        ))
    }

    /// The keys that may be used, as they are named in messages.
    fn permitted(&self) -> Result<AwsKmsKeys, Failure> {
        if self.keys.is_empty() {
            return Ok(AwsKmsKeys::Discovery(self.filter.clone()));
        }
        let resolve = |key: &String| match key.parse() {
            Ok(KeyRef::Id(id)) => Ok(NamedKey::Id(id)),
            Ok(KeyRef::Arn(arn)) => Ok(NamedKey::Arn(arn)),
            Ok(KeyRef::Alias(_) | KeyRef::AliasArn(_)) | Err(_) => {
                let answer = self.kms.call(DescribeKeyRequest {
                    key_id: Some(key.clone()),
                    ..DescribeKeyRequest::default()
                })?;
                Ok(NamedKey::Arn(answer.key_metadata.arn))
            }
        };
        let keys: Result<_, Failure> = self.keys.iter().map(resolve).collect();
        Ok(AwsKmsKeys::Strict(keys?))
    }

    fn unwrap_any(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, Failure> {
        let permitted = self.permitted()?;
        let mut refused: Option<Failure> = None;
        for data_key in encrypted {
            let asked = permitted.key_for(data_key, self.kms.region());
            let Some(arn) = asked.filter(|arn| self.kms.may_hold(arn)) else {
                continue;
            };
            match self.decrypt(&arn, &data_key.ciphertext, context, length) {
                Ok(plaintext) => return Ok(plaintext),
                // A key that is here and refuses tells more than one that is not here.
                Err(failure) => match &refused {
                    Some(earlier) if earlier.kind() != Kind::NotFound => {}
                    _ => refused = Some(failure),
                },
            }
        }
        Err(refused.unwrap_or_else(|| self.no_key(encrypted)))
    }
}

impl Keys<'_> {
    /// None of the message's keys may be tried: says which ones they are.
    fn no_key(&self, encrypted: &[EncryptedDataKey]) -> Failure {
        let whose = if !self.keys.is_empty() {
            "the keys given with -k"
        } else if self.filter != DiscoveryFilter::default() {
            "this store and the accounts and Regions given"
        } else {
            "this store"
        };
        let names: Vec<&str> = encrypted
            .iter()
            .filter_map(EncryptedDataKey::aws_kms_key_arn)
            .collect();
        let failure = Failure::new(
            Kind::NotFound,
            format!("the message was not encrypted for {whose}"),
        );
        let mut owners = encrypted.iter();
        let for_owner = owners.any(|key| key.provider_id == RSA_RECIPIENT_NAMESPACE);
        match (names.is_empty(), for_owner) {
            (true, true) => failure.hint(
                "it was encrypted with -r for the owner of a public key: --private-key FILE gives \
                 the private key",
            ),
            (true, false) => failure.hint("it was encrypted with keys that are not kept in a KMS"),
            (false, false) => failure.hint(format!("it needs {}", names.join(" or "))),
            (false, true) => failure.hint(format!(
                "it needs {}, or with --private-key FILE the private key of a recipient",
                names.join(" or ")
            )),
        }
    }
}

fn pairs(context: &EncryptionContext) -> Option<EncryptionContextMap> {
    let pairs = context
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    Some(EncryptionContextMap(pairs.collect())).filter(|map| !map.0.is_empty())
}

impl DataKeys for Keys<'_> {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let Some((first, others)) = self.keys.split_first() else {
            return Err(Failure::usage("no key was given")
                .hint("give -k KEY")
                .into());
        };
        let mut data_key = self.generate_first(first, length, context)?;
        for key in others {
            let encrypted = self.encrypt(key, &data_key.plaintext, context)?;
            data_key.encrypted.push(encrypted);
        }
        Ok(data_key)
    }

    fn wrap(
        &self,
        data_key: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        let keys = self.keys.iter();
        let encrypted: Result<_, Failure> = keys
            .map(|key| self.encrypt(key, data_key, context))
            .collect();
        Ok(encrypted?)
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        Ok(self.unwrap_any(encrypted, context, length)?)
    }
}
