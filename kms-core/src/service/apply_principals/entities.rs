//! Identity providers, managed policies and groups of the file.

use std::collections::BTreeMap;

use super::reconcile::{Work, inline};
use super::removal::provider_arn;
use crate::Error;
use crate::identity::{EntityKind, Group, ManagedPolicy, OidcProvider, PolicyVersion};
use crate::principals_file::{FileGroup, FilePolicy, FileProvider};
use crate::service::federation_edit::FederationEdit;
use crate::service::iam::{Tags, check_description, check_inline, documents, limits};
use crate::service::identity_edit::IdentityEdit;
use crate::service::oidc::{admitted, check_clients, check_thumbprints};

/// Refuses tags that no entity can have, and gives them back.
pub(super) fn checked_tags(
    tags: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    Tags::new(tags.clone()).check()?;
    Ok(tags.clone())
}

impl Work<'_> {
    pub(super) fn provider(&mut self, wanted: &FileProvider) -> Result<(), Error> {
        let account = self.account(&wanted.place)?;
        check_clients(&wanted.audiences)?;
        check_thumbprints(&wanted.thumbprints)?;
        let arn = provider_arn(&account, &wanted.url);
        let providers = &self.step.state.federation.oidc_providers;
        let there = providers.of_arn(&account, &arn).map(|one| &**one);
        // One that is there was admitted where its keys are known, which may not be here.
        let known = there.filter(|there| there.issuer == wanted.url);
        let issuer = match known {
            Some(there) => there.issuer.clone(),
            None => admitted(&wanted.url, self.step)?.as_str().to_owned(),
        };
        let provider = OidcProvider {
            account,
            issuer,
            client_ids: wanted.audiences.clone(),
            thumbprints: wanted.thumbprints.clone(),
            created: there.map_or(self.step.now, |there| there.created),
            managed_by_file: true,
        };
        if there == Some(&provider) {
            return Ok(());
        }
        self.note(there, &provider);
        self.after.federation.oidc_providers.put(provider.clone());
        let edit = FederationEdit::PutOidcProvider(provider);
        self.edits.push(edit.into());
        Ok(())
    }

    pub(super) fn policy(&mut self, wanted: &FilePolicy) -> Result<(), Error> {
        let account = self.account(&wanted.place)?;
        check_description(wanted.description.as_ref())?;
        documents::managed(&wanted.document)?;
        let tags = checked_tags(&wanted.tags)?;
        let entry = self.step.state.policy(&account, &wanted.name);
        let there = entry.map(|entry| entry.policy.clone());
        let there = self.unless_replaced(there, |there| there.path == wanted.path)?;
        let policy = match &there {
            Some(there) => ManagedPolicy {
                description: wanted.description.clone(),
                tags,
                managed_by_file: true,
                ..self.with_document(there, &wanted.document)
            },
            None => {
                let others = self.after.managed_policies(&account);
                let others = others.map(|entry| entry.policy.name.as_str());
                let kind = (EntityKind::Policy, "A policy");
                let (id, created) = self.identity(None, kind, wanted.name.as_str(), others)?;
                let version = self.version(&wanted.document);
                ManagedPolicy {
                    account,
                    path: wanted.path.clone(),
                    name: wanted.name.clone(),
                    id,
                    created,
                    updated: self.step.now,
                    description: wanted.description.clone(),
                    tags,
                    versions: BTreeMap::from([(1, version)]),
                    default_version: 1,
                    last_version: 1,
                    managed_by_file: true,
                }
            }
        };
        if there.as_ref() == Some(&policy) {
            return Ok(());
        }
        self.note(there.as_ref(), &policy);
        self.after.identities.put_policy(policy.clone())?;
        self.edits.push(IdentityEdit::PutPolicy(policy).into());
        Ok(())
    }

    fn version(&self, document: &str) -> PolicyVersion {
        PolicyVersion {
            document: document.to_owned(),
            created: self.step.now,
        }
    }

    /// The policy with the document as a new default version, unless it is the one that counts.
    fn with_document(&self, policy: &ManagedPolicy, document: &str) -> ManagedPolicy {
        let mut policy = policy.clone();
        if policy.document() == Some(document) {
            return policy;
        }
        if policy.versions.len() >= limits::POLICY_VERSIONS {
            let mut numbers = policy.versions.keys().copied();
            let oldest = numbers.find(|number| *number != policy.default_version);
            if let Some(oldest) = oldest {
                policy.versions.remove(&oldest);
            }
        }
        let number = policy.last_version.saturating_add(1);
        policy.versions.insert(number, self.version(document));
        policy.last_version = number;
        policy.default_version = number;
        policy.updated = self.step.now;
        policy
    }

    pub(super) fn group(&mut self, wanted: &FileGroup) -> Result<(), Error> {
        let account = self.account(&wanted.place)?;
        let entry = self.step.state.group(&account, &wanted.name);
        let there = entry.map(|entry| entry.group.clone());
        let known = there.as_ref().map(|there| (&there.id, there.created));
        let others = self.after.groups(&account);
        let others = others.map(|entry| entry.group.name.as_str());
        let (id, created) = self.identity(
            known,
            (EntityKind::Group, "Group"),
            wanted.name.as_str(),
            others,
        )?;
        let group = Group {
            attached: self.attached(&account, &wanted.permissions)?,
            account,
            path: wanted.path.clone(),
            name: wanted.name.clone(),
            id,
            created,
            policies: inline(&wanted.permissions)?,
            managed_by_file: true,
        };
        check_inline(&group)?;
        if there.as_ref() == Some(&group) {
            return Ok(());
        }
        self.note(there.as_ref(), &group);
        self.after.identities.put_group(group.clone())?;
        self.edits.push(IdentityEdit::PutGroup(group).into());
        Ok(())
    }
}
