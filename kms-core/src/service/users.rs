//! IAM users and their inline policies: `CreateUser`, `ListUsers`, `PutUserPolicy`,
//! `GetUserPolicy`, `DeleteUserPolicy`. Offered in-process; the wire has AWS's IAM service later.

use std::collections::BTreeMap;

use super::change::Edit;
use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::api::limits::MAX_POLICY;
use crate::api::query::{ToXml, Xml, from_form};
use crate::identity::{User, generate_unique_id};
use crate::ids::{EntityPath, UserName, user_arn};
use crate::policy::IdentityPolicy;

/// A new user of the caller's account.
#[derive(Clone, Debug)]
pub struct CreateUserRequest {
    /// 1–64 characters of `[\w+=,.@-]`.
    pub user_name: String,
}

/// The users of the caller's account.
#[derive(Clone, Copy, Debug)]
pub struct ListUsersRequest;

/// A policy for a user, replacing one of the same name.
#[derive(Clone, Debug)]
pub struct PutUserPolicyRequest {
    /// The user.
    pub user_name: String,
    /// The policy's name, of the same form as a user's.
    pub policy_name: String,
    /// The identity policy, at most 32,768 bytes.
    pub policy_document: String,
}

/// The text of a user's policy.
#[derive(Clone, Debug)]
pub struct GetUserPolicyRequest {
    /// The user.
    pub user_name: String,
    /// The policy's name.
    pub policy_name: String,
}

/// The end of a user's policy.
#[derive(Clone, Debug)]
pub struct DeleteUserPolicyRequest {
    /// The user.
    pub user_name: String,
    /// The policy's name.
    pub policy_name: String,
}

/// A user and one policy name, checked.
#[derive(Debug)]
pub struct UserPolicy {
    user: UserName,
    policy: String,
}

pub(super) fn user_name(text: &str) -> Result<UserName, Error> {
    text.parse().map_err(|_| {
        Error::Validation(format!(
            "The specified value for userName is invalid. It must contain only alphanumeric \
             characters and/or the following: +=,.@_-, and at most 64 of them: '{text}'"
        ))
    })
}

fn user_policy(user: &str, policy: &str) -> Result<UserPolicy, Error> {
    let policy = policy.parse::<UserName>().map_err(|_| {
        Error::Validation(format!(
            "The specified value for policyName is invalid: '{policy}'"
        ))
    })?;
    Ok(UserPolicy {
        user: user_name(user)?,
        policy: policy.to_string(),
    })
}

pub(super) fn on_user<'a>(
    action: &'static str,
    user: &UserName,
    call: &CallContext,
) -> Vec<Authorization<'a>> {
    vec![Authorization::new(
        action,
        On::Named(user_arn(call.account(), &EntityPath::default(), user)),
    )]
}

pub(super) fn existing(step: &Step<'_>, name: &UserName) -> Result<User, Error> {
    step.state
        .user(step.call.account(), name)
        .map(|entry| entry.user.clone())
        .ok_or_else(|| Error::NotFound(format!("The user with name {name} cannot be found.")))
}

fn no_such_policy(asked: &UserPolicy) -> Error {
    Error::NotFound(format!(
        "The user policy with name {} cannot be found for user {}.",
        asked.policy, asked.user
    ))
}

impl Operation for CreateUserRequest {
    type Parsed = UserName;
    type Response = User;
    const EVENT: Event = Event::iam("CreateUser", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("userName", &self.user_name);
    }

    fn parse(self) -> Result<UserName, Error> {
        user_name(&self.user_name)
    }

    fn authorizations<'a>(
        name: &'a UserName,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user("iam:CreateUser", name, call))
    }

    fn perform(name: UserName, step: &Step<'_>) -> Result<Performed<User>, Error> {
        let account = step.call.account().clone();
        if step.state.user(&account, &name).is_some() {
            return Err(Error::AlreadyExists(format!(
                "User with name {name} already exists."
            )));
        }
        let user = User {
            id: generate_unique_id(step.engine.system_random())?,
            account,
            path: EntityPath::default(),
            name,
            created: step.now,
            policies: BTreeMap::new(),
        };
        let mut elements = Parameters::default();
        elements
            .value("userName", &user.name)
            .value("userId", &user.id);
        let edits = vec![Edit::PutUser(user.clone())];
        Ok(Performed::changed(user, edits).with_elements(elements))
    }
}

impl Operation for ListUsersRequest {
    type Parsed = ();
    type Response = Vec<User>;
    const EVENT: Event = Event::iam("ListUsers", true);

    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<(), Error> {
        Ok(())
    }

    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("iam:ListUsers", On::Any)])
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<Vec<User>>, Error> {
        let users = step
            .state
            .users(step.call.account())
            .map(|entry| entry.user.clone());
        Ok(Performed::read(users.collect()))
    }
}

impl Operation for PutUserPolicyRequest {
    type Parsed = (UserPolicy, String);
    type Response = ();
    const EVENT: Event = Event::iam("PutUserPolicy", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .value("userName", &self.user_name)
            .value("policyName", &self.policy_name)
            .value("policyDocument", &self.policy_document);
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        let asked = user_policy(&self.user_name, &self.policy_name)?;
        if self.policy_document.len() > MAX_POLICY {
            let message = format!("The policy exceeds the limit of {MAX_POLICY} bytes.");
            return Err(Error::LimitExceeded(message));
        }
        IdentityPolicy::parse(&self.policy_document)
            .map_err(|malformed| Error::MalformedPolicyDocument(malformed.to_string()))?;
        Ok((asked, self.policy_document))
    }

    fn authorizations<'a>(
        (asked, _): &'a Self::Parsed,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user("iam:PutUserPolicy", &asked.user, call))
    }

    fn perform((asked, text): Self::Parsed, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut user = existing(step, &asked.user)?;
        user.policies.insert(asked.policy, text);
        Ok(Performed::changed((), vec![Edit::PutUser(user)]))
    }
}

impl Operation for GetUserPolicyRequest {
    type Parsed = UserPolicy;
    type Response = String;
    const EVENT: Event = Event::iam("GetUserPolicy", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .value("userName", &self.user_name)
            .value("policyName", &self.policy_name);
    }

    fn parse(self) -> Result<UserPolicy, Error> {
        user_policy(&self.user_name, &self.policy_name)
    }

    fn authorizations<'a>(
        asked: &'a UserPolicy,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user("iam:GetUserPolicy", &asked.user, call))
    }

    fn perform(asked: UserPolicy, step: &Step<'_>) -> Result<Performed<String>, Error> {
        let mut user = existing(step, &asked.user)?;
        let text = user.policies.remove(&asked.policy);
        text.map(Performed::read)
            .ok_or_else(|| no_such_policy(&asked))
    }
}

impl Operation for DeleteUserPolicyRequest {
    type Parsed = UserPolicy;
    type Response = ();
    const EVENT: Event = Event::iam("DeleteUserPolicy", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .value("userName", &self.user_name)
            .value("policyName", &self.policy_name);
    }

    fn parse(self) -> Result<UserPolicy, Error> {
        user_policy(&self.user_name, &self.policy_name)
    }

    fn authorizations<'a>(
        asked: &'a UserPolicy,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user("iam:DeleteUserPolicy", &asked.user, call))
    }

    fn perform(asked: UserPolicy, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut user = existing(step, &asked.user)?;
        match user.policies.remove(&asked.policy) {
            Some(_) => Ok(Performed::changed((), vec![Edit::PutUser(user)])),
            None => Err(no_such_policy(&asked)),
        }
    }
}

from_form!(CreateUserRequest { user_name = "UserName", });
from_form!(ListUsersRequest {});

impl ToXml for User {
    fn write(&self, xml: &mut Xml) {
        xml.element("User", |xml| write_user(self, xml));
    }
}

impl ToXml for Vec<User> {
    fn write(&self, xml: &mut Xml) {
        xml.list("Users", self, |xml, user| write_user(user, xml));
        xml.flag("IsTruncated", false);
    }
}

fn write_user(user: &User, xml: &mut Xml) {
    xml.text("Path", user.path.as_str());
    xml.text("UserName", user.name.as_str());
    xml.text("UserId", user.id.as_str());
    xml.text("Arn", &user_arn(&user.account, &user.path, &user.name));
    xml.text("CreateDate", &user.created.to_rfc3339());
}
