//! `CreateOpenIDConnectProvider`, `GetOpenIDConnectProvider`, `ListOpenIDConnectProviders`,
//! `DeleteOpenIDConnectProvider`.

use std::sync::Arc;

use crate::Error;
use crate::api::query::{QueryCode, ToXml, Xml};
use crate::identity::{OidcProvider, oidc_provider_arn};
use crate::oidc::Issuer;
use crate::service::context::CallContext;
use crate::service::federation_edit::FederationEdit;
use crate::service::iam::{IamRequest, Subject, iam_request};
use crate::service::operation::{Authorization, Loaded, On, Performed, Step};
use crate::service::parameters::Parameters;

/// How many providers an account may have: AWS's quota.
pub(in crate::service) const MOST_PROVIDERS: usize = 100;
const MOST_CLIENTS: usize = 100;
const LONGEST_CLIENT: usize = 255;
const MOST_THUMBPRINTS: usize = 5;

iam_request! {
    /// A provider that the caller's account shall trust.
    CreateOpenIDConnectProviderRequest "CreateOpenIDConnectProvider" false -> ProviderArn {
        /// Its issuer, `https://…`.
        url: String = "url",
        /// Whom its tokens may be for.
        client_id_list: Option<Vec<String>> = "clientIDList",
        /// Kept, and not used: certificates are checked by their authorities.
        thumbprint_list: Option<Vec<String>> = "thumbprintList",
    }
}

iam_request! {
    /// What is known of a provider.
    GetOpenIDConnectProviderRequest "GetOpenIDConnectProvider" true -> OidcProvider {
        /// Its ARN.
        arn: String = "openIDConnectProviderArn",
    }
}

iam_request! {
    /// The providers of the caller's account.
    ListOpenIDConnectProvidersRequest "ListOpenIDConnectProviders" true -> ProviderArns {}
}

iam_request! {
    /// The end of a provider.
    DeleteOpenIDConnectProviderRequest "DeleteOpenIDConnectProvider" false -> () {
        /// Its ARN.
        arn: String = "openIDConnectProviderArn",
    }
}

/// The ARN of a new provider.
#[derive(Clone, Debug)]
pub struct ProviderArn(String);

/// The ARNs of providers.
#[derive(Clone, Debug)]
pub struct ProviderArns(Vec<String>);

pub(super) fn on<'a>(action: &'static str, arn: &str) -> Result<Vec<Authorization<'a>>, Error> {
    Ok(vec![Authorization::new(action, On::Named(arn.to_owned()))])
}

pub(super) fn existing<'a>(step: &'a Step<'_>, arn: &str) -> Result<&'a Arc<OidcProvider>, Error> {
    let provider = step
        .state
        .federation
        .oidc_providers
        .of_arn(step.call.account(), arn);
    provider
        .ok_or_else(|| Error::NotFound(format!("OpenIDConnect Provider not found for arn {arn}")))
}

/// Refuses what is no list of client ids.
pub(in crate::service) fn check_clients(clients: &[String]) -> Result<(), Error> {
    if clients.len() > MOST_CLIENTS {
        let message =
            format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}");
        return Err(Error::Query(QueryCode::LimitExceeded, message));
    }
    let fits = |client: &String| !client.is_empty() && client.len() <= LONGEST_CLIENT;
    if clients.iter().all(fits) {
        return Ok(());
    }
    Err(Error::Validation(
        "A client id must have 1 to 255 characters.".to_owned(),
    ))
}

/// Refuses what is no list of thumbprints.
pub(in crate::service) fn check_thumbprints(thumbprints: &[String]) -> Result<(), Error> {
    let is_one = |text: &String| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if thumbprints.len() <= MOST_THUMBPRINTS && thumbprints.iter().all(is_one) {
        return Ok(());
    }
    Err(Error::Query(
        QueryCode::InvalidInput,
        "Thumbprint must be in a valid format: 40 hexadecimal digits, and at most 5 of them."
            .to_owned(),
    ))
}

/// The issuer of that address, if its tokens may be believed.
pub(in crate::service) fn admitted(url: &str, step: &Step<'_>) -> Result<Issuer, Error> {
    let admitted = |issuer: &Issuer| match step.engine.provider_keys() {
        Some(keys) => keys.admits(issuer),
        None => !issuer.is_plain(),
    };
    url.parse().ok().filter(admitted).ok_or_else(|| {
        let message = "Invalid Open ID Connect Provider URL".to_owned();
        Error::Query(QueryCode::InvalidInput, message)
    })
}

impl IamRequest for CreateOpenIDConnectProviderRequest {
    type Response = ProviderArn;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        check_clients(self.client_id_list.as_deref().unwrap_or_default())?;
        check_thumbprints(self.thumbprint_list.as_deref().unwrap_or_default())
    }

    fn asks<'a>(
        &'a self,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let name = self
            .url
            .split_once("://")
            .map_or(&*self.url, |(_, name)| name);
        let arn = oidc_provider_arn(call.account(), name);
        on("iam:CreateOpenIDConnectProvider", &arn)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<ProviderArn>, Error> {
        let issuer = admitted(&self.url, step)?;
        let account = step.call.account();
        let providers = &step.state.federation.oidc_providers;
        let provider = OidcProvider {
            account: account.clone(),
            issuer: issuer.as_str().to_owned(),
            client_ids: self.client_id_list.unwrap_or_default(),
            thumbprints: self.thumbprint_list.unwrap_or_default(),
            created: step.now,
            managed_by_file: false,
        };
        if providers.of_arn(account, &provider.arn()).is_some() {
            let message = format!("Provider with url {issuer} already exists.");
            return Err(Error::AlreadyExists(message));
        }
        if providers.of_account(account).count() >= MOST_PROVIDERS {
            let message = format!(
                "Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MOST_PROVIDERS}"
            );
            return Err(Error::Query(QueryCode::LimitExceeded, message));
        }
        let arn = provider.arn();
        let mut elements = Parameters::default();
        elements.value("openIDConnectProviderArn", &arn);
        let edits = vec![FederationEdit::PutOidcProvider(provider).into()];
        Ok(Performed::changed(ProviderArn(arn), edits).with_elements(elements))
    }
}

impl IamRequest for GetOpenIDConnectProviderRequest {
    type Response = OidcProvider;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn asks<'a>(
        &'a self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        on("iam:GetOpenIDConnectProvider", &self.arn)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<OidcProvider>, Error> {
        let provider = existing(step, &self.arn)?;
        Ok(Performed::read(OidcProvider::clone(provider)))
    }
}

impl IamRequest for ListOpenIDConnectProvidersRequest {
    type Response = ProviderArns;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<ProviderArns>, Error> {
        let providers = step
            .state
            .federation
            .oidc_providers
            .of_account(step.call.account());
        let arns = providers.map(|provider| provider.arn()).collect();
        Ok(Performed::read(ProviderArns(arns)))
    }
}

impl IamRequest for DeleteOpenIDConnectProviderRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn asks<'a>(
        &'a self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        on("iam:DeleteOpenIDConnectProvider", &self.arn)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let provider = existing(step, &self.arn)?;
        let name = provider.name().to_owned();
        let edit = FederationEdit::RemoveOidcProvider(provider.account.clone(), name);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}

impl ToXml for ProviderArn {
    fn write(&self, xml: &mut Xml) {
        xml.text("OpenIDConnectProviderArn", &self.0);
    }
}

impl ToXml for ProviderArns {
    fn write(&self, xml: &mut Xml) {
        xml.list("OpenIDConnectProviderList", &self.0, |xml, arn| {
            xml.text("Arn", arn);
        });
    }
}

impl ToXml for OidcProvider {
    fn write(&self, xml: &mut Xml) {
        xml.text("Url", self.name());
        xml.list("ClientIDList", &self.client_ids, |xml, id| {
            xml.characters(id)
        });
        xml.list("ThumbprintList", &self.thumbprints, |xml, one| {
            xml.characters(one)
        });
        xml.text("CreateDate", &self.created.to_rfc3339());
    }
}
