//! IAM roles.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{One, Page, Shape, boundary, document, paged, time};
use super::attached_policies::managed;
use super::holder::Kept;
use super::subject::Subject;
use super::tags::{self, Tags};
use super::{
    IamRequest, already, below, delete_conflict, documents, iam_request, limits, system, taken,
};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::identity::{EntityKind, Role, generate_unique_id};
use crate::ids::{EntityPath, PathPrefix, PolicyArn, RoleName};
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::{Loaded, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::values::Specific;

/// How long a session lasts at most when the request does not say, in seconds.
const DEFAULT_SESSION_DURATION: u32 = 3600;

impl Shape for Role {
    const ONE: &'static str = "Role";
    const LIST: &'static str = "Roles";

    fn write(&self, xml: &mut Xml) {
        self.write_listed(xml);
        boundary(xml, self.boundary.as_ref());
        tags::written(xml, &self.tags);
    }

    fn write_listed(&self, xml: &mut Xml) {
        xml.text("Path", self.path.as_str());
        xml.text("RoleName", self.name.as_str());
        xml.text("RoleId", self.id.as_str());
        xml.text("Arn", &self.arn());
        time(xml, "CreateDate", self.created);
        document(xml, "AssumeRolePolicyDocument", &self.trust_policy);
        xml.optional("Description", self.description.as_deref());
        xml.number("MaxSessionDuration", self.max_session_duration);
    }
}

/// Refuses what is no length of a session.
pub(in crate::service) fn check_duration(seconds: Option<u32>) -> Result<(), Error> {
    match seconds {
        Some(seconds) if !limits::SESSION_DURATION.contains(&seconds) => {
            Err(Error::Validation(format!(
                "1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to \
                 satisfy constraint: Member must have value between 3600 and 43200"
            )))
        }
        _ => Ok(()),
    }
}

/// `[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`, at most 1000 characters.
pub(in crate::service) fn check_description(text: Option<&String>) -> Result<(), Error> {
    let is_plain = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    match text {
        Some(text) if text.chars().count() > 1000 || !text.chars().all(is_plain) => {
            Err(Error::Validation(
                "1 validation error detected: Value at 'description' failed to satisfy constraint: \
                 Member must have at most 1000 characters and satisfy regular expression pattern: \
                 [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*"
                    .to_owned(),
            ))
        }
        _ => Ok(()),
    }
}

iam_request! {
    /// A new role of the caller's account.
    CreateRoleRequest "CreateRole" false -> One<Role> {
        /// Where it stands among the account's roles.
        path: Option<EntityPath> = "path",
        /// Its name.
        role_name: RoleName = "roleName",
        /// Who may assume it: a trust policy.
        assume_role_policy_document: String = "assumeRolePolicyDocument",
        /// What it is for.
        description: Option<String> = "description",
        /// How long a session may last, in seconds.
        max_session_duration: Option<u32> = "maxSessionDuration",
        /// The managed policy beyond which its sessions may do nothing.
        permissions_boundary: Option<PolicyArn> = "permissionsBoundary",
        /// Its tags.
        tags: Option<Tags> = "tags",
    }
}

impl IamRequest for CreateRoleRequest {
    type Response = One<Role>;

    fn subject(&self) -> Subject {
        Subject::NewRole(
            self.path.clone().unwrap_or_default(),
            self.role_name.clone(),
        )
    }

    fn check(&self) -> Result<(), Error> {
        check_description(self.description.as_ref())?;
        check_duration(self.max_session_duration)?;
        self.tags.as_ref().map_or(Ok(()), Tags::check)?;
        documents::trust(&self.assume_role_policy_document)
    }

    fn specific<'a>(&'a self, _loaded: &'a Loaded) -> Specific<'a> {
        Specific {
            permissions_boundary: self.permissions_boundary.as_ref(),
            request_tags: self.tags.as_ref().map(Tags::map),
            ..Specific::default()
        }
    }

    fn tagging(&self) -> Option<&'static str> {
        self.tags.as_ref().map(|_| "iam:TagRole")
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<Role>>, Error> {
        let account = step.call.account();
        let name = self.role_name.as_str();
        let roles = || step.state.roles(account).map(|entry| &entry.role);
        if taken(roles().map(|role| role.name.as_str()), name) {
            return Err(already("Role", name));
        }
        limits::within(roles().count(), "RolesPerAccount", limits::ROLES)?;
        let trusted = documents::trusted(&self.assume_role_policy_document, step.state)?;
        if let Some(arn) = &self.permissions_boundary {
            managed(step, arn)?;
        }
        let role = Role {
            account: account.clone(),
            path: self.path.unwrap_or_default(),
            name: self.role_name,
            id: generate_unique_id(EntityKind::Role, system(step))?,
            created: step.now,
            trust_policy: self.assume_role_policy_document,
            trusted,
            description: self.description,
            max_session_duration: self
                .max_session_duration
                .unwrap_or(DEFAULT_SESSION_DURATION),
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: self.permissions_boundary,
            tags: self.tags.map(|tags| tags.map().clone()).unwrap_or_default(),
            managed_by_file: false,
        };
        let mut elements = Parameters::default();
        elements
            .value("roleName", &role.name)
            .value("roleId", &role.id)
            .value("arn", &role.arn());
        Ok(Performed::changed(One(role.clone()), vec![role.put()]).with_elements(elements))
    }
}

iam_request! {
    /// One role.
    GetRoleRequest "GetRole" true -> One<Role> {
        /// The role.
        role_name: RoleName = "roleName",
    }
}

impl IamRequest for GetRoleRequest {
    type Response = One<Role>;

    fn subject(&self) -> Subject {
        Subject::Role(self.role_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<Role>>, Error> {
        let role = Role::existing(step, &self.role_name)?;
        Ok(Performed::read(One(role)))
    }
}

iam_request! {
    /// The roles of the caller's account.
    ListRolesRequest "ListRoles" true -> Page<Role> {
        /// Only those whose path begins so.
        path_prefix: Option<PathPrefix> = "pathPrefix",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListRolesRequest);

impl IamRequest for ListRolesRequest {
    type Response = Page<Role>;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Page<Role>>, Error> {
        let roles = step
            .state
            .roles(step.call.account())
            .map(|entry| &entry.role);
        let roles = roles.filter(|role| below(&role.path, self.path_prefix.as_ref()));
        let roles = roles.map(|role| (role.name.to_string(), role.clone()));
        self.paging()
            .page(step, "ListRoles", roles)
            .map(Performed::read)
    }
}

/// The answer of an operation whose result has no members.
#[derive(Clone, Copy, Debug)]
pub struct Done;

impl ToXml for Done {
    fn write(&self, _xml: &mut Xml) {}
}

iam_request! {
    /// Another description, another length of sessions.
    UpdateRoleRequest "UpdateRole" false -> Done {
        /// The role.
        role_name: RoleName = "roleName",
        /// What it is for.
        description: Option<String> = "description",
        /// How long a session may last, in seconds.
        max_session_duration: Option<u32> = "maxSessionDuration",
    }
}

impl IamRequest for UpdateRoleRequest {
    type Response = Done;

    fn subject(&self) -> Subject {
        Subject::Role(self.role_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        check_description(self.description.as_ref())?;
        check_duration(self.max_session_duration)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Done>, Error> {
        let mut role = Role::existing(step, &self.role_name)?;
        role.description = self.description.or(role.description);
        role.max_session_duration = self
            .max_session_duration
            .unwrap_or(role.max_session_duration);
        Ok(Performed::changed(Done, vec![role.put()]))
    }
}

iam_request! {
    /// Another description.
    UpdateRoleDescriptionRequest "UpdateRoleDescription" false -> One<Role> {
        /// The role.
        role_name: RoleName = "roleName",
        /// What it is for.
        description: String = "description",
    }
}

impl IamRequest for UpdateRoleDescriptionRequest {
    type Response = One<Role>;

    fn subject(&self) -> Subject {
        Subject::Role(self.role_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        check_description(Some(&self.description))
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<Role>>, Error> {
        let mut role = Role::existing(step, &self.role_name)?;
        role.description = Some(self.description);
        Ok(Performed::changed(One(role.clone()), vec![role.put()]))
    }
}

iam_request! {
    /// Another trust policy, in the place of the one before.
    UpdateAssumeRolePolicyRequest "UpdateAssumeRolePolicy" false -> () {
        /// The role.
        role_name: RoleName = "roleName",
        /// Who may assume it.
        policy_document: String = "policyDocument",
    }
}

impl IamRequest for UpdateAssumeRolePolicyRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Role(self.role_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        documents::trust(&self.policy_document)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut role = Role::existing(step, &self.role_name)?;
        role.trusted = documents::trusted(&self.policy_document, step.state)?;
        role.trust_policy = self.policy_document;
        Ok(Performed::changed((), vec![role.put()]))
    }
}

iam_request! {
    /// The end of a role, which must have no policies any more. Its sessions end with it.
    DeleteRoleRequest "DeleteRole" false -> () {
        /// The role.
        role_name: RoleName = "roleName",
    }
}

impl IamRequest for DeleteRoleRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Role(self.role_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let role = Role::existing(step, &self.role_name)?;
        if !role.policies.is_empty() {
            return Err(delete_conflict("delete policies"));
        }
        if !role.attached.is_empty() {
            return Err(delete_conflict("detach all policies"));
        }
        let edit = IdentityEdit::RemoveRole(role.account, role.name);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}

/// An instance profile, of which there are none.
#[derive(Clone, Debug)]
pub enum InstanceProfile {}

impl Shape for InstanceProfile {
    const ONE: &'static str = "InstanceProfile";
    const LIST: &'static str = "InstanceProfiles";

    fn write(&self, _xml: &mut Xml) {
        match *self {}
    }
}

iam_request! {
    /// The instance profiles that a role is in: none, since there are no instances.
    ListInstanceProfilesForRoleRequest "ListInstanceProfilesForRole" true -> Page<InstanceProfile> {
        /// The role.
        role_name: RoleName = "roleName",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListInstanceProfilesForRoleRequest);

impl IamRequest for ListInstanceProfilesForRoleRequest {
    type Response = Page<InstanceProfile>;

    fn subject(&self) -> Subject {
        Subject::Role(self.role_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let role = Role::existing(step, &self.role_name)?;
        let listing = format!("ListInstanceProfilesForRole/{}", role.id);
        let page = self.paging().page(step, &listing, std::iter::empty());
        page.map(Performed::read)
    }
}
