//! A change of what the store holds: as records to commit, and as a step of the state in memory.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::federation_edit::FederationEdit;
use super::identity_edit::IdentityEdit;
use super::organizations::OrganizationEdit;
use super::state::State;
use crate::Error;
use crate::grants::Grant;
use crate::identity::Account;
use crate::ids::{AccountId, AliasArn, CustomKeyStoreId, GrantId, KeyArn, Region};
use crate::keys::{Alias, Key, KeyIndex};
use crate::root::RecordKind;
use crate::secret::SecretBytes;
use crate::store::sealed::Record;
use crate::xks::CustomKeyStore;

/// One thing to put or to remove.
#[derive(Debug)]
pub enum Edit {
    /// Keeps an account.
    PutAccount(Account),
    /// Keeps a key.
    PutKey(Box<Key>),
    /// Knows of a key what must be known although its record is not opened.
    PutKeyIndex(KeyArn, KeyIndex),
    /// Forgets a key and its materials for ever.
    RemoveKey(KeyArn),
    /// Keeps an alias.
    PutAlias(Alias),
    /// Forgets an alias.
    RemoveAlias(AliasArn),
    /// Keeps or forgets an IAM entity.
    Identity(Box<IdentityEdit>),
    /// Keeps or forgets an MFA device or an identity provider.
    Federation(Box<FederationEdit>),
    /// Keeps or forgets a part of the organization.
    Organization(Box<OrganizationEdit>),
    /// Keeps a grant.
    PutGrant(Box<Grant>),
    /// Forgets a grant on a key.
    RemoveGrant(KeyArn, GrantId),
    /// Keeps a custom key store.
    PutCustomKeyStore(Box<CustomKeyStore>),
    /// Forgets a custom key store.
    RemoveCustomKeyStore(AccountId, Region, CustomKeyStoreId),
}

/// A record to write: path, kind and content.
pub(super) type Put = (String, RecordKind, SecretBytes);

/// Where the record of a key is.
pub(super) fn key_path(arn: &KeyArn) -> String {
    RecordKind::Key.path(&format!("{}/{}/{}", arn.account, arn.region, arn.key))
}

fn key_index_path(arn: &KeyArn) -> String {
    RecordKind::KeyIndex.path(&format!("{}/{}/{}", arn.account, arn.region, arn.key))
}

/// The key that a path is about: `SEGMENT/ACCOUNT/REGION/KEY`.
pub(super) fn key_of_path(path: &str) -> Result<KeyArn, Error> {
    let mut parts = path.splitn(4, '/').skip(1);
    let mut part = || parts.next().unwrap_or_default();
    Ok(KeyArn {
        account: part().parse().map_err(Error::internal)?,
        region: part().parse().map_err(Error::internal)?,
        key: part().parse().map_err(Error::internal)?,
    })
}

fn alias_path(arn: &AliasArn) -> String {
    RecordKind::Alias.path(&format!("{}/{}/{}", arn.account, arn.region, arn.alias))
}

fn grant_path(key: &KeyArn, id: &GrantId) -> String {
    let (account, region, key) = (&key.account, &key.region, &key.key);
    RecordKind::Grant.path(&format!("{account}/{region}/{key}/{id}"))
}

fn custom_key_store_path(account: &AccountId, region: &Region, id: &CustomKeyStoreId) -> String {
    RecordKind::CustomKeyStore.path(&format!("{account}/{region}/{id}"))
}

pub(super) fn body(record: &impl Serialize) -> Result<SecretBytes, Error> {
    // Room for any record that holds a secret, so that growing leaves no copy of one behind.
    let mut json = Vec::with_capacity(1024);
    serde_json::to_writer(&mut json, record).map_err(Error::internal)?;
    Ok(SecretBytes::new(json))
}

impl From<IdentityEdit> for Edit {
    fn from(edit: IdentityEdit) -> Self {
        Self::Identity(Box::new(edit))
    }
}

impl Edit {
    /// Adds the records to write, and the paths to delete, to those of a change of `state`.
    pub(super) fn to_record(
        &self,
        state: &State,
        puts: &mut Vec<Put>,
        deletes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let mut put = |path, kind, body| puts.push((path, kind, body));
        match self {
            Self::PutAccount(account) => {
                let path = RecordKind::Account.path(account.id.as_str());
                put(path, RecordKind::Account, body(account)?);
            }
            Self::PutKey(key) => {
                put(key_path(&key.arn), RecordKind::Key, body(key)?);
                let index = key.index();
                // An index of nothing is kept, not removed: others need not read all anew then.
                if state.key_index(&key.arn) != index {
                    Self::PutKeyIndex(key.arn.clone(), index).to_record(state, puts, deletes)?;
                }
            }
            Self::PutKeyIndex(arn, index) => {
                put(key_index_path(arn), RecordKind::KeyIndex, body(index)?);
            }
            Self::PutAlias(alias) => put(alias_path(&alias.arn), RecordKind::Alias, body(alias)?),
            Self::Identity(edit) => edit.to_record(puts, deletes)?,
            Self::Federation(edit) => edit.to_record(puts, deletes)?,
            Self::Organization(edit) => edit.to_record(puts, deletes)?,
            Self::PutGrant(grant) => put(
                grant_path(&grant.key, &grant.id),
                RecordKind::Grant,
                body(grant)?,
            ),
            Self::PutCustomKeyStore(store) => put(
                custom_key_store_path(&store.account, &store.region, &store.id),
                RecordKind::CustomKeyStore,
                body(store)?,
            ),
            Self::RemoveCustomKeyStore(account, region, id) => {
                deletes.push(custom_key_store_path(account, region, id));
            }
            Self::RemoveKey(arn) => deletes.extend([key_path(arn), key_index_path(arn)]),
            Self::RemoveGrant(key, id) => deletes.push(grant_path(key, id)),
            Self::RemoveAlias(arn) => deletes.push(alias_path(arn)),
        }
        Ok(())
    }

    /// What a verified record says, to be put into the state; `None` for records that the state
    /// does not hold.
    pub(super) fn from_record(record: &Record) -> Result<Option<Self>, Error> {
        let text = record.body.expose();
        Ok(Some(match record.kind {
            RecordKind::Account => Self::PutAccount(read(text)?),
            RecordKind::Key => Self::PutKey(Box::new(read(text)?)),
            RecordKind::KeyIndex => Self::PutKeyIndex(key_of_path(&record.path)?, read(text)?),
            RecordKind::Alias => Self::PutAlias(read(text)?),
            RecordKind::User
            | RecordKind::AccessKey
            | RecordKind::Group
            | RecordKind::Role
            | RecordKind::Policy => {
                return Ok(IdentityEdit::from_record(record)?.map(Self::from));
            }
            RecordKind::MfaDevice | RecordKind::OidcProvider | RecordKind::SessionRevocation => {
                return Ok(FederationEdit::from_record(record)?.map(Self::from));
            }
            RecordKind::Organization
            | RecordKind::OrganizationalUnit
            | RecordKind::MemberAccount
            | RecordKind::OrganizationPolicy
            | RecordKind::AccountRequest => {
                return Ok(OrganizationEdit::from_record(record)?.map(Self::from));
            }
            RecordKind::Grant => Self::PutGrant(Box::new(read(text)?)),
            RecordKind::CustomKeyStore => Self::PutCustomKeyStore(Box::new(read(text)?)),
            RecordKind::Head | RecordKind::Outbox | RecordKind::Material | RecordKind::Setting => {
                return Ok(None);
            }
        }))
    }

    /// Makes the same change in memory.
    pub(super) fn apply(self, state: &mut State) -> Result<(), Error> {
        match self {
            Self::PutAccount(account) => state.put_account(account),
            Self::PutKey(key) => state.put_key(*key)?,
            Self::PutKeyIndex(arn, index) => state.put_key_index(arn, index),
            Self::RemoveKey(arn) => state.remove_key(&arn),
            Self::PutAlias(alias) => state.put_alias(alias),
            Self::RemoveAlias(arn) => state.remove_alias(&arn),
            Self::Identity(edit) => edit.apply(&mut state.identities)?,
            Self::Federation(edit) => edit.apply(&mut state.federation),
            Self::Organization(edit) => edit.apply(&mut state.organizations)?,
            Self::PutGrant(grant) => state.grants_mut().insert(*grant),
            Self::RemoveGrant(key, id) => state.grants_mut().remove(&key, &id),
            Self::PutCustomKeyStore(store) => state.put_custom_key_store(*store),
            Self::RemoveCustomKeyStore(account, region, id) => {
                state.remove_custom_key_store(&account, &region, &id);
            }
        }
        Ok(())
    }
}

/// The content is authenticated; what does not parse was written by a newer version.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(text)
        .map_err(|_| Error::internal("a record has a form that this version does not know"))
}
