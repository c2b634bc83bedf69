//! The providers in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::identity::OidcProvider;
use crate::ids::AccountId;

/// Every provider, by account and name.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct OidcProviders(BTreeMap<(AccountId, String), Arc<OidcProvider>>);

impl OidcProviders {
    pub(in crate::service) fn put(&mut self, provider: OidcProvider) {
        let place = (provider.account.clone(), provider.name().to_owned());
        self.0.insert(place, Arc::new(provider));
    }

    pub(in crate::service) fn remove(&mut self, account: &AccountId, name: &str) {
        self.0.remove(&(account.clone(), name.to_owned()));
    }

    /// The providers of an account in order of name.
    pub(in crate::service) fn of_account<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<OidcProvider>> {
        self.0
            .values()
            .filter(move |provider| provider.account == *account)
    }

    /// The provider of that ARN, if it is one of the account.
    pub(in crate::service) fn of_arn(
        &self,
        account: &AccountId,
        arn: &str,
    ) -> Option<&Arc<OidcProvider>> {
        let (_, name) = arn.split_once(":oidc-provider/")?;
        let provider = self.0.get(&(account.clone(), name.to_owned()))?;
        (provider.arn() == arn).then_some(provider)
    }

    /// The provider of the account that tokens of that issuer are of, spelt exactly so.
    pub(in crate::service) fn of_issuer(
        &self,
        account: &AccountId,
        issuer: &str,
    ) -> Option<&Arc<OidcProvider>> {
        let (_, name) = issuer.split_once("://")?;
        let provider = self.0.get(&(account.clone(), name.to_owned()))?;
        (provider.issuer == issuer).then_some(provider)
    }
}
