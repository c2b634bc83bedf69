//! Lists of what there is none of, which those who administer organizations by declaration ask for.

use serde::Serialize;

use super::answers::{page, page_answer};
use super::rules::{MAX_RESULTS, NEXT_TOKEN, SERVICE_PRINCIPAL};
use super::{OrganizationsRequest, organizations_request};
use crate::Error;
use crate::api::Response;
use crate::service::operation::{Performed, Step};
use crate::service::page;

/// What there is none of.
#[derive(Clone, Debug, Serialize)]
pub enum Absent {}

page_answer! {
    /// The services that reach into the accounts of the organization.
    ServiceAccessAnswer { enabled_service_principals: Absent }
    /// The members that administer something in the place of the management account.
    DelegatedAdministratorsAnswer { delegated_administrators: Absent }
}

organizations_request! {
    /// The services that reach into the accounts of the organization: none.
    ListServiceAccessForOrganizationRequest "ListAWSServiceAccessForOrganization" true -> ServiceAccessAnswer {
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListServiceAccessForOrganizationRequest {
    type Response = ServiceAccessAnswer;

    fn perform(self, step: &Step<'_>) -> Result<Performed<ServiceAccessAnswer>, Error> {
        let asked = (self.next_token.as_ref(), self.max_results);
        let none = std::iter::empty();
        let page = page(step, "ListAWSServiceAccessForOrganization", asked, none)?;
        Ok(Performed::read(page.into()))
    }
}

organizations_request! {
    /// The members that administer something in the place of the management account: none.
    ListDelegatedAdministratorsRequest "ListDelegatedAdministrators" true -> DelegatedAdministratorsAnswer {
        /// Those for one service alone.
        service_principal: String = "servicePrincipal", Optional, SERVICE_PRINCIPAL;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListDelegatedAdministratorsRequest {
    type Response = DelegatedAdministratorsAnswer;

    fn perform(self, step: &Step<'_>) -> Result<Performed<DelegatedAdministratorsAnswer>, Error> {
        let asked = (self.next_token.as_ref(), self.max_results);
        let none = std::iter::empty();
        let page = page(step, "ListDelegatedAdministrators", asked, none)?;
        Ok(Performed::read(page.into()))
    }
}
