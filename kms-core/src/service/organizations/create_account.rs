//! New accounts, and what came of requests for them.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{AccountStatusAnswer, AccountStatusShape, AccountStatusesAnswer, page};
use super::organization::full_access;
use super::rules::{
    ACCOUNT_NAME, BILLING, EMAIL, MAX_RESULTS, NEXT_TOKEN, REQUEST_ID, ROLE_NAME, STATES, TAGS,
    given, parsed, refused,
};
use super::tags::{self, OrganizationTags};
use super::{OrganizationEdit, OrganizationsRequest, limits, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, OrganizationsCode};
use crate::identity::{
    Account, AccountRequest, EntityKind, JoinedMethod, MemberAccount, MemberStatus, Organization,
    Role, generate_account_id, generate_account_request_id, generate_unique_id,
};
use crate::ids::{AccountId, EntityPath, ParentId, account_root_arn};
use crate::policy::Bindings;
use crate::service::change::Edit;
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::{Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::state::State;
use crate::service::values::Specific;

/// The role by which the management account reaches a new account, unless another name is given.
pub(in crate::service) const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// The only policy of that role, inline: there are no policies here that AWS manages.
const ADMINISTRATOR: (&str, &str) = (
    "AdministratorAccess",
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
);

const SESSION_SECONDS: u32 = 3600;

organizations_request! {
    /// A new account, with a role by which the management account reaches it.
    CreateAccountRequest "CreateAccount" false -> AccountStatusAnswer {
        /// Whom to write to, unique among the accounts.
        email: String = "email", Private, EMAIL;
        /// What people call it.
        account_name: String = "accountName", Required, ACCOUNT_NAME;
        /// The name of the role.
        role_name: String = "roleName", Optional, ROLE_NAME;
        /// `ALLOW` or `DENY`: there is no billing here.
        iam_user_access_to_billing: String = "iamUserAccessToBilling", Optional, BILLING;
        /// Its tags.
        tags: OrganizationTags = "tags", Optional, TAGS;
    }
}

impl OrganizationsRequest for CreateAccountRequest {
    type Response = AccountStatusAnswer;

    fn specific(&self) -> Specific<'_> {
        tags::specific(self.tags.as_ref())
    }

    fn is_tagged(&self) -> bool {
        tags::are_given(self.tags.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountStatusAnswer>, Error> {
        let organizations = &step.state.organizations;
        if organizations.members().count() >= limits::ACCOUNTS {
            let reason = ConstraintReason::AccountNumber;
            let code = OrganizationsCode::ConstraintViolationException(reason);
            return Err(refused(code));
        }
        let held = tags::of_new(self.tags.as_ref())?;
        let (name, email) = (given(self.account_name)?, given(self.email)?);
        let same = |known: &String| known.eq_ignore_ascii_case(&email);
        let mut edits = forgotten(step);
        let mut known = organizations.members();
        let outcome = if known.any(|member| member.email.as_ref().is_some_and(same)) {
            Err("EMAIL_ALREADY_EXISTS".to_owned())
        } else {
            let organization = organization(step)?;
            let account = new_account(organization, None, step.state, step)?;
            let id = account.id.clone();
            let role = self.role_name.as_deref().unwrap_or(ACCESS_ROLE);
            let role = access_role(&id, role, organization, step)?;
            let member = MemberAccount {
                tags: held,
                ..new_member(&id, name.clone(), email, organization, step)?
            };
            edits.push(Edit::PutAccount(account));
            edits.push(IdentityEdit::PutRole(role).into());
            edits.push(OrganizationEdit::PutMember(member).into());
            Ok(id)
        };
        let request = AccountRequest {
            id: generate_account_request_id(step.engine.system_random())?,
            name,
            requested: step.now,
            outcome,
        };
        let status = AccountStatusShape::from(&request);
        let mut elements = Parameters::default();
        elements
            .value("id", &status.id)
            .value("state", status.state)
            .optional("accountId", status.account_id.as_ref())
            .optional("failureReason", status.failure_reason.as_ref());
        edits.push(OrganizationEdit::PutRequest(request).into());
        let answer = AccountStatusAnswer {
            create_account_status: status,
        };
        Ok(Performed::changed(answer, edits).with_elements(elements))
    }
}

/// What came of requests of long ago is told no longer.
fn forgotten(step: &Step<'_>) -> Vec<Edit> {
    let old = |request: &&AccountRequest| {
        step.now.millis_since(request.requested) > limits::REQUESTS_KEPT
    };
    let requests = step.state.organizations.requests().filter(old);
    let ids = requests.map(|request| request.id.clone());
    ids.map(|id| OrganizationEdit::RemoveRequest(id).into())
        .collect()
}

/// An account like the management account, under the id or else one that no account of `state` has.
pub(in crate::service) fn new_account(
    organization: &Organization,
    id: Option<&AccountId>,
    state: &State,
    step: &Step<'_>,
) -> Result<Account, Error> {
    let management = state.account(&organization.management_account);
    let management = management.ok_or_else(|| Error::internal("no management account"))?;
    let id = match id {
        Some(id) => id.clone(),
        None => loop {
            let id = generate_account_id(step.engine.system_random())?;
            if state.account(&id).is_none() {
                break id;
            }
        },
    };
    Ok(Account {
        id,
        created: step.now,
        ..management.clone()
    })
}

/// The role by which the management account reaches an account.
pub(in crate::service) fn access_role(
    account: &AccountId,
    name: &str,
    organization: &Organization,
    step: &Step<'_>,
) -> Result<Role, Error> {
    let management = account_root_arn(&organization.management_account);
    let trust_policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": management},
            "Action": "sts:AssumeRole",
        }],
    });
    Ok(Role {
        account: account.clone(),
        path: EntityPath::default(),
        name: name.parse().map_err(Error::internal)?,
        id: generate_unique_id(EntityKind::Role, step.engine.system_random())?,
        created: step.now,
        trust_policy: trust_policy.to_string(),
        // It names an account, which nobody can be made again under the name of.
        trusted: Bindings::default(),
        description: None,
        max_session_duration: SESSION_SECONDS,
        policies: BTreeMap::from([(ADMINISTRATOR.0.to_owned(), ADMINISTRATOR.1.to_owned())]),
        attached: BTreeSet::new(),
        boundary: None,
        tags: BTreeMap::new(),
        managed_by_file: false,
    })
}

/// A new account as a member, in the root.
pub(in crate::service) fn new_member(
    account: &AccountId,
    name: String,
    email: String,
    organization: &Organization,
    step: &Step<'_>,
) -> Result<MemberAccount, Error> {
    let root = &organization.root;
    Ok(MemberAccount {
        id: account.clone(),
        name,
        email: Some(email),
        parent: ParentId::Root(root.id.clone()),
        status: MemberStatus::Active,
        joined: step.now,
        method: JoinedMethod::Created,
        attached: full_access(root.policy_types.iter().copied())?,
        tags: BTreeMap::new(),
        managed_by_file: false,
    })
}

organizations_request! {
    /// What came of a request for an account.
    DescribeCreateAccountStatusRequest "DescribeCreateAccountStatus" true -> AccountStatusAnswer {
        /// The request.
        create_account_request_id: String = "createAccountRequestId", Required, REQUEST_ID;
    }
}

impl OrganizationsRequest for DescribeCreateAccountStatusRequest {
    type Response = AccountStatusAnswer;

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountStatusAnswer>, Error> {
        let id = parsed(self.create_account_request_id.as_ref())?;
        let request = step.state.organizations.request(&id);
        let absent = || refused(OrganizationsCode::CreateAccountStatusNotFoundException);
        let create_account_status = request.ok_or_else(absent)?.into();
        Ok(Performed::read(AccountStatusAnswer {
            create_account_status,
        }))
    }
}

organizations_request! {
    /// What came of requests for accounts.
    ListCreateAccountStatusRequest "ListCreateAccountStatus" true -> AccountStatusesAnswer {
        /// Those in one of these states alone.
        states: Vec<String> = "states", Optional, STATES;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListCreateAccountStatusRequest {
    type Response = AccountStatusesAnswer;

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountStatusesAnswer>, Error> {
        let requests = step.state.organizations.requests();
        let shapes = requests.map(|request| {
            let shape = AccountStatusShape::from(request);
            (request.id.to_string(), shape)
        });
        let states = self.states.unwrap_or_default();
        let wanted = |state: &str| states.is_empty() || states.iter().any(|one| one == state);
        let shapes = shapes.filter(|(_, shape)| wanted(shape.state));
        let asked = (self.next_token.as_ref(), self.max_results);
        let listing = format!("ListCreateAccountStatus/{}", states.join(","));
        let page = page(step, &listing, asked, shapes)?;
        Ok(Performed::read(page.into()))
    }
}
