//! `AddClientIDToOpenIDConnectProvider`, `RemoveClientIDFromOpenIDConnectProvider`,
//! `UpdateOpenIDConnectProviderThumbprint`.

use super::providers::{check_clients, check_thumbprints, existing, on};
use crate::Error;
use crate::identity::OidcProvider;
use crate::service::context::CallContext;
use crate::service::federation_edit::FederationEdit;
use crate::service::iam::{IamRequest, Subject, iam_request};
use crate::service::operation::{Authorization, Loaded, Performed, Step};

iam_request! {
    /// Lets tokens of a provider be for somebody.
    AddClientIDToOpenIDConnectProviderRequest "AddClientIDToOpenIDConnectProvider" false -> () {
        /// The provider's ARN.
        arn: String = "openIDConnectProviderArn",
        /// For whom.
        client_id: String = "clientID",
    }
}

iam_request! {
    /// Lets tokens of a provider no longer be for somebody.
    RemoveClientIDFromOpenIDConnectProviderRequest "RemoveClientIDFromOpenIDConnectProvider" false -> () {
        /// The provider's ARN.
        arn: String = "openIDConnectProviderArn",
        /// For whom.
        client_id: String = "clientID",
    }
}

iam_request! {
    /// Replaces the thumbprints of a provider, which are kept and not used.
    UpdateOpenIDConnectProviderThumbprintRequest "UpdateOpenIDConnectProviderThumbprint" false -> () {
        /// The provider's ARN.
        arn: String = "openIDConnectProviderArn",
        /// All of them.
        thumbprint_list: Vec<String> = "thumbprintList",
    }
}

fn changed(provider: OidcProvider) -> Result<Performed<()>, Error> {
    Ok(Performed::changed(
        (),
        vec![FederationEdit::PutOidcProvider(provider).into()],
    ))
}

macro_rules! on_provider {
    ($action:literal) => {
        type Response = ();

        fn subject(&self) -> Subject {
            Subject::Any
        }

        fn asks<'a>(
            &'a self,
            _loaded: &'a Loaded,
            _call: &'a CallContext,
        ) -> Result<Vec<Authorization<'a>>, Error> {
            on($action, &self.arn)
        }
    };
}

impl IamRequest for AddClientIDToOpenIDConnectProviderRequest {
    on_provider!("iam:AddClientIDToOpenIDConnectProvider");

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut provider = OidcProvider::clone(existing(step, &self.arn)?);
        // Nothing happens where it is there already, as with AWS.
        if !provider.client_ids.contains(&self.client_id) {
            provider.client_ids.push(self.client_id);
        }
        check_clients(&provider.client_ids)?;
        changed(provider)
    }
}

impl IamRequest for RemoveClientIDFromOpenIDConnectProviderRequest {
    on_provider!("iam:RemoveClientIDFromOpenIDConnectProvider");

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut provider = OidcProvider::clone(existing(step, &self.arn)?);
        provider
            .client_ids
            .retain(|client| *client != self.client_id);
        changed(provider)
    }
}

impl IamRequest for UpdateOpenIDConnectProviderThumbprintRequest {
    on_provider!("iam:UpdateOpenIDConnectProviderThumbprint");

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        check_thumbprints(&self.thumbprint_list)?;
        let mut provider = OidcProvider::clone(existing(step, &self.arn)?);
        provider.thumbprints = self.thumbprint_list;
        changed(provider)
    }
}
