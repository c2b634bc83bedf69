//! IAM users: `CreateUser`, `GetUser`, `ListUsers`, `UpdateUser`, `DeleteUser`.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{One, Page, Shape, boundary, paged, time};
use super::attached_policies::managed;
use super::holder::Kept;
use super::subject::Subject;
use super::tags::{self, Tags};
use super::{
    IamRequest, Named, already, ask, below, delete_conflict, iam_request, limits, system, taken,
};
use crate::Error;
use crate::api::query::Xml;
use crate::caller::Principal;
use crate::identity::{AccessKeyOwner, EntityKind, User, generate_unique_id};
use crate::ids::{
    AccountId, EntityPath, PathPrefix, PolicyArn, UserName, account_root_arn, user_arn,
};
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::{Authorization, Loaded, On, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::values::Specific;
use crate::time::Timestamp;

impl Shape for User {
    const ONE: &'static str = "User";
    const LIST: &'static str = "Users";

    fn write(&self, xml: &mut Xml) {
        self.write_listed(xml);
        boundary(xml, self.boundary.as_ref());
        tags::written(xml, &self.tags);
    }

    fn write_listed(&self, xml: &mut Xml) {
        xml.text("Path", self.path.as_str());
        xml.text("UserName", self.name.as_str());
        xml.text("UserId", self.id.as_str());
        xml.text("Arn", &self.arn());
        time(xml, "CreateDate", self.created);
    }
}

/// Whom `GetUser` tells about.
#[derive(Clone, Debug)]
pub enum FoundUser {
    /// An IAM user.
    User(User),
    /// The account's root user, of whom little is known.
    Root {
        /// The account.
        account: AccountId,
        /// When the account was made.
        created: Timestamp,
    },
}

impl Shape for FoundUser {
    const ONE: &'static str = "User";
    const LIST: &'static str = "Users";

    fn write(&self, xml: &mut Xml) {
        match self {
            Self::User(user) => user.write(xml),
            Self::Root { account, created } => {
                xml.text("UserId", account.as_str());
                xml.text("Arn", &account_root_arn(account));
                time(xml, "CreateDate", *created);
            }
        }
    }
}

iam_request! {
    /// A new user of the caller's account.
    CreateUserRequest "CreateUser" false -> One<User> {
        /// Its name.
        user_name: UserName = "userName",
        /// Where it stands among the account's users.
        path: Option<EntityPath> = "path",
        /// The managed policy beyond which it may do nothing.
        permissions_boundary: Option<PolicyArn> = "permissionsBoundary",
        /// Its tags.
        tags: Option<Tags> = "tags",
    }
}

impl CreateUserRequest {
    /// A user of that name and nothing else.
    #[must_use]
    pub fn new(user_name: UserName) -> Self {
        Self {
            user_name,
            path: None,
            permissions_boundary: None,
            tags: None,
        }
    }
}

impl IamRequest for CreateUserRequest {
    type Response = One<User>;

    fn subject(&self) -> Subject {
        Subject::NewUser(
            self.path.clone().unwrap_or_default(),
            self.user_name.clone(),
        )
    }

    fn check(&self) -> Result<(), Error> {
        self.tags.as_ref().map_or(Ok(()), Tags::check)
    }

    fn specific<'a>(&'a self, _loaded: &'a Loaded) -> Specific<'a> {
        Specific {
            permissions_boundary: self.permissions_boundary.as_ref(),
            request_tags: self.tags.as_ref().map(Tags::map),
            ..Specific::default()
        }
    }

    fn tagging(&self) -> Option<&'static str> {
        self.tags.as_ref().map(|_| "iam:TagUser")
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<User>>, Error> {
        let account = step.call.account();
        check_name(step, &self.user_name)?;
        limits::within(
            step.state.users(account).count(),
            "UsersPerAccount",
            limits::USERS,
        )?;
        if let Some(arn) = &self.permissions_boundary {
            managed(step, arn)?;
        }
        let user = User {
            id: generate_unique_id(EntityKind::User, system(step))?,
            account: account.clone(),
            path: self.path.unwrap_or_default(),
            name: self.user_name,
            created: step.now,
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            groups: BTreeSet::new(),
            boundary: self.permissions_boundary,
            tags: self.tags.map(|tags| tags.map().clone()).unwrap_or_default(),
            managed_by_file: false,
        };
        let mut elements = Parameters::default();
        elements
            .value("userName", &user.name)
            .value("userId", &user.id)
            .value("arn", &user.arn());
        Ok(Performed::changed(One(user.clone()), vec![user.put()]).with_elements(elements))
    }
}

fn check_name(step: &Step<'_>, name: &UserName) -> Result<(), Error> {
    let users = step.state.users(step.call.account());
    if taken(users.map(|entry| entry.user.name.as_str()), name.as_str()) {
        return Err(already("User", name.as_str()));
    }
    Ok(())
}

iam_request! {
    /// One user, or the caller.
    GetUserRequest "GetUser" true -> One<FoundUser> {
        /// The user; the caller when there is none.
        user_name: Option<UserName> = "userName",
    }
}

/// The answer to a request that means the caller and whose caller is no user.
pub(super) fn not_a_user() -> Error {
    Error::Validation("Must specify userName when calling with non-User credentials".to_owned())
}

impl IamRequest for GetUserRequest {
    type Response = One<FoundUser>;

    fn subject(&self) -> Subject {
        Subject::UserOrCaller(self.user_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<FoundUser>>, Error> {
        let found = match (User::of(step.loaded.iam()), self.user_name) {
            (Some(user), _) => FoundUser::User(user.clone()),
            (None, Some(name)) => return Err(User::no_such(&name)),
            (None, None) => {
                let account = step.call.account();
                let is_root = matches!(step.call.caller.principal(), Principal::Root { .. });
                let known = step.state.account(account).filter(|_| is_root);
                FoundUser::Root {
                    account: account.clone(),
                    created: known.ok_or_else(not_a_user)?.created,
                }
            }
        };
        Ok(Performed::read(One(found)))
    }
}

iam_request! {
    /// The users of the caller's account.
    ListUsersRequest "ListUsers" true -> Page<User> {
        /// Only those whose path begins so.
        path_prefix: Option<PathPrefix> = "pathPrefix",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListUsersRequest);

impl ListUsersRequest {
    /// The page that starts at `marker`, the first one when there is none.
    #[must_use]
    pub fn from_marker(marker: Option<String>) -> Self {
        Self {
            path_prefix: None,
            marker,
            max_items: None,
        }
    }
}

impl IamRequest for ListUsersRequest {
    type Response = Page<User>;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Page<User>>, Error> {
        let users = step
            .state
            .users(step.call.account())
            .map(|entry| &entry.user);
        let users = users.filter(|user| below(&user.path, self.path_prefix.as_ref()));
        let users = users.map(|user| (user.name.to_string(), user.clone()));
        self.paging()
            .page(step, "ListUsers", users)
            .map(Performed::read)
    }
}

iam_request! {
    /// A user with another name or path. Its unique id, its access keys and all else stay.
    UpdateUserRequest "UpdateUser" false -> () {
        /// The user.
        user_name: UserName = "userName",
        /// Its new path.
        new_path: Option<EntityPath> = "newPath",
        /// Its new name.
        new_user_name: Option<UserName> = "newUserName",
    }
}

impl IamRequest for UpdateUserRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::User(self.user_name.clone())
    }

    /// On the user as it is and as it will be.
    fn asks<'a>(
        &'a self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let user = User::of(loaded.iam());
        let path = user.map(|user| user.path.clone()).unwrap_or_default();
        let path = self.new_path.as_ref().unwrap_or(&path);
        let name = self.new_user_name.as_ref().unwrap_or(&self.user_name);
        let later = On::Named(user_arn(call.account(), path, name));
        let now = loaded.iam().on(&self.subject(), call);
        let asks = [now, later].map(|on| ask(Self::ACTION, on, self.specific(loaded)));
        Ok(asks.into())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let before = User::existing(step, &self.user_name)?;
        let mut user = before.clone();
        user.path = self.new_path.unwrap_or(user.path);
        user.name = self.new_user_name.unwrap_or(user.name);
        let mut edits: Vec<Edit> = Vec::new();
        if user.name != before.name {
            if !user
                .name
                .as_str()
                .eq_ignore_ascii_case(before.name.as_str())
            {
                check_name(step, &user.name)?;
            }
            edits
                .push(IdentityEdit::RemoveUser(before.account.clone(), before.name.clone()).into());
            edits.extend(renamed_keys(step, &before.name, &user.name));
        }
        edits.push(user.put());
        Ok(Performed::changed((), edits))
    }
}

/// Access keys are a user's by name.
fn renamed_keys(step: &Step<'_>, from: &UserName, to: &UserName) -> Vec<Edit> {
    let owner = AccessKeyOwner::User(from.clone());
    let keys = step.state.access_keys(step.call.account());
    keys.filter(|key| key.owner == owner)
        .map(|key| key.changed(AccessKeyOwner::User(to.clone()), key.inactive))
        .map(|key| IdentityEdit::PutAccessKey(key).into())
        .collect()
}

iam_request! {
    /// The end of a user, who must have nothing any more.
    DeleteUserRequest "DeleteUser" false -> () {
        /// The user.
        user_name: UserName = "userName",
    }
}

impl IamRequest for DeleteUserRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::User(self.user_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let user = User::existing(step, &self.user_name)?;
        let owner = AccessKeyOwner::User(user.name.clone());
        if step
            .state
            .access_keys(&user.account)
            .any(|key| key.owner == owner)
        {
            return Err(delete_conflict("delete access keys"));
        }
        let devices = &step.state.federation.mfa_devices;
        if devices.of_user(&user.account, &user.id).next().is_some() {
            return Err(delete_conflict("deactivate MFA devices"));
        }
        if !user.policies.is_empty() {
            return Err(delete_conflict("delete policies"));
        }
        if !user.attached.is_empty() {
            return Err(delete_conflict("detach all policies"));
        }
        if !user.groups.is_empty() {
            return Err(delete_conflict("remove users from group"));
        }
        let edit = IdentityEdit::RemoveUser(user.account, user.name);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}
