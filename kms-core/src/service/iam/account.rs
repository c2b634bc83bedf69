//! What IAM tells of an account as a whole.

use super::answers::{Page, Shape, paged};
use super::holder::Holder;
use super::subject::Subject;
use super::{IamRequest, iam_request, limits};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::identity::{AccessKeyOwner, Group, Role, User};
use crate::service::operation::{Performed, Step};

/// How much there is of everything, and how much there may be.
#[derive(Clone, Debug)]
pub struct AccountSummary(Vec<(&'static str, usize)>);

impl ToXml for AccountSummary {
    fn write(&self, xml: &mut Xml) {
        xml.element("SummaryMap", |xml| {
            for (key, value) in &self.0 {
                xml.element("entry", |xml| {
                    xml.text("key", key);
                    xml.text("value", &value.to_string());
                });
            }
        });
    }
}

iam_request! {
    /// How much there is of everything, and how much there may be.
    GetAccountSummaryRequest "GetAccountSummary" true -> AccountSummary {}
}

impl IamRequest for GetAccountSummaryRequest {
    type Response = AccountSummary;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountSummary>, Error> {
        let (state, account) = (step.state, step.call.account());
        let of_root = state
            .access_keys(account)
            .any(|key| key.owner == AccessKeyOwner::Root);
        let federation = &state.federation;
        let devices = || federation.mfa_devices.of_account(account);
        let assigned = devices().filter(|device| device.assigned.is_some());
        let policies = || state.managed_policies(account).map(|entry| &entry.policy);
        let versions = policies().map(|policy| policy.versions.len()).sum();
        Ok(Performed::read(AccountSummary(vec![
            ("Users", state.users(account).count()),
            ("UsersQuota", limits::USERS),
            ("Groups", state.groups(account).count()),
            ("GroupsQuota", limits::GROUPS),
            ("GroupsPerUserQuota", limits::GROUPS_PER_USER),
            ("Roles", state.roles(account).count()),
            ("RolesQuota", limits::ROLES),
            ("Policies", policies().count()),
            ("PoliciesQuota", limits::POLICIES),
            ("PolicySizeQuota", limits::MANAGED_POLICY),
            ("PolicyVersionsInUse", versions),
            ("VersionsPerPolicyQuota", limits::POLICY_VERSIONS),
            ("AttachedPoliciesPerUserQuota", limits::ATTACHED),
            ("AttachedPoliciesPerGroupQuota", limits::ATTACHED),
            ("AttachedPoliciesPerRoleQuota", limits::ATTACHED),
            ("AssumeRolePolicySizeQuota", limits::TRUST_POLICY),
            ("AccessKeysPerUserQuota", super::MAX_ACCESS_KEYS),
            ("AccountAccessKeysPresent", usize::from(of_root)),
            ("UserPolicySizeQuota", User::INLINE),
            ("GroupPolicySizeQuota", Group::INLINE),
            ("RolePolicySizeQuota", Role::INLINE),
            ("MFADevices", devices().count()),
            ("MFADevicesInUse", assigned.count()),
            (
                "Providers",
                federation.oidc_providers.of_account(account).count(),
            ),
            // What nobody has: root users with an MFA device, certificates, instance profiles.
            ("AccountMFAEnabled", 0),
            ("AccountSigningCertificatesPresent", 0),
            ("ServerCertificates", 0),
            ("InstanceProfiles", 0),
        ])))
    }
}

/// An alias of an account, of which there are none.
#[derive(Clone, Debug)]
pub enum AccountAlias {}

impl Shape for AccountAlias {
    const ONE: &'static str = "AccountAlias";
    const LIST: &'static str = "AccountAliases";

    fn write(&self, _xml: &mut Xml) {
        match *self {}
    }
}

iam_request! {
    /// The aliases of the account: none, since nobody signs in by a web page.
    ListAccountAliasesRequest "ListAccountAliases" true -> Page<AccountAlias> {
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListAccountAliasesRequest);

impl IamRequest for ListAccountAliasesRequest {
    type Response = Page<AccountAlias>;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let page = self
            .paging()
            .page(step, "ListAccountAliases", std::iter::empty());
        page.map(Performed::read)
    }
}
