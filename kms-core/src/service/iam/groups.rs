//! IAM groups and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{One, Page, Shape, paged, time};
use super::holder::Kept;
use super::subject::Subject;
use super::{
    IamRequest, Named, already, ask, below, delete_conflict, iam_request, limits, system, taken,
};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::identity::{EntityKind, Group, User, generate_unique_id};
use crate::ids::{EntityPath, GroupName, PathPrefix, UserName, group_arn};
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::{Authorization, Loaded, On, Performed, Step};
use crate::service::parameters::Parameters;

impl Shape for Group {
    const ONE: &'static str = "Group";
    const LIST: &'static str = "Groups";

    fn write(&self, xml: &mut Xml) {
        xml.text("Path", self.path.as_str());
        xml.text("GroupName", self.name.as_str());
        xml.text("GroupId", self.id.as_str());
        xml.text("Arn", &self.arn());
        time(xml, "CreateDate", self.created);
    }
}

iam_request! {
    /// A new group of the caller's account.
    CreateGroupRequest "CreateGroup" false -> One<Group> {
        /// Where it stands among the account's groups.
        path: Option<EntityPath> = "path",
        /// Its name.
        group_name: GroupName = "groupName",
    }
}

impl IamRequest for CreateGroupRequest {
    type Response = One<Group>;

    fn subject(&self) -> Subject {
        Subject::NewGroup(
            self.path.clone().unwrap_or_default(),
            self.group_name.clone(),
        )
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<Group>>, Error> {
        let account = step.call.account();
        check_name(step, &self.group_name)?;
        limits::within(
            step.state.groups(account).count(),
            "GroupsPerAccount",
            limits::GROUPS,
        )?;
        let group = Group {
            account: account.clone(),
            path: self.path.unwrap_or_default(),
            name: self.group_name,
            id: generate_unique_id(EntityKind::Group, system(step))?,
            created: step.now,
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            managed_by_file: false,
        };
        let mut elements = Parameters::default();
        elements
            .value("groupName", &group.name)
            .value("groupId", &group.id)
            .value("arn", &group.arn());
        Ok(Performed::changed(One(group.clone()), vec![group.put()]).with_elements(elements))
    }
}

fn check_name(step: &Step<'_>, name: &GroupName) -> Result<(), Error> {
    let groups = step.state.groups(step.call.account());
    if taken(groups.map(|entry| entry.group.name.as_str()), name.as_str()) {
        return Err(already("Group", name.as_str()));
    }
    Ok(())
}

/// The users in a group, in order of name.
fn members<'a>(step: &'a Step<'_>, group: &'a Group) -> impl Iterator<Item = &'a User> {
    let users = step.state.users(&group.account).map(|entry| &entry.user);
    users.filter(|user| user.groups.contains(&group.id))
}

/// A group, and a page of its users.
#[derive(Clone, Debug)]
pub struct GroupWithUsers {
    /// The group.
    pub group: Group,
    /// The users.
    pub users: Page<User>,
}

impl ToXml for GroupWithUsers {
    fn write(&self, xml: &mut Xml) {
        xml.element(Group::ONE, |xml| self.group.write(xml));
        self.users.write(xml);
    }
}

iam_request! {
    /// One group and its users.
    GetGroupRequest "GetGroup" true -> GroupWithUsers {
        /// The group.
        group_name: GroupName = "groupName",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most users of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(GetGroupRequest);

impl IamRequest for GetGroupRequest {
    type Response = GroupWithUsers;

    fn subject(&self) -> Subject {
        Subject::Group(self.group_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<GroupWithUsers>, Error> {
        let group = Group::existing(step, &self.group_name)?;
        let users = members(step, &group).map(|user| (user.name.to_string(), user.clone()));
        let users = self
            .paging()
            .page(step, &format!("GetGroup/{}", group.id), users)?;
        Ok(Performed::read(GroupWithUsers { group, users }))
    }
}

iam_request! {
    /// The groups of the caller's account.
    ListGroupsRequest "ListGroups" true -> Page<Group> {
        /// Only those whose path begins so.
        path_prefix: Option<PathPrefix> = "pathPrefix",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListGroupsRequest);

impl IamRequest for ListGroupsRequest {
    type Response = Page<Group>;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Page<Group>>, Error> {
        let groups = step
            .state
            .groups(step.call.account())
            .map(|entry| &entry.group);
        let groups = groups.filter(|group| below(&group.path, self.path_prefix.as_ref()));
        let groups = groups.map(|group| (group.name.to_string(), group.clone()));
        self.paging()
            .page(step, "ListGroups", groups)
            .map(Performed::read)
    }
}

iam_request! {
    /// A group with another name or path. Its unique id, its users and its policies stay.
    UpdateGroupRequest "UpdateGroup" false -> () {
        /// The group.
        group_name: GroupName = "groupName",
        /// Its new path.
        new_path: Option<EntityPath> = "newPath",
        /// Its new name.
        new_group_name: Option<GroupName> = "newGroupName",
    }
}

impl IamRequest for UpdateGroupRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Group(self.group_name.clone())
    }

    /// On the group as it is and as it will be.
    fn asks<'a>(
        &'a self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let group = Group::of(loaded.iam());
        let path = group.map(|group| group.path.clone()).unwrap_or_default();
        let path = self.new_path.as_ref().unwrap_or(&path);
        let name = self.new_group_name.as_ref().unwrap_or(&self.group_name);
        let later = On::Named(group_arn(call.account(), path, name));
        let now = loaded.iam().on(&self.subject(), call);
        let asks = [now, later].map(|on| ask(Self::ACTION, on, self.specific(loaded)));
        Ok(asks.into())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let before = Group::existing(step, &self.group_name)?;
        let mut group = before.clone();
        group.path = self.new_path.unwrap_or(group.path);
        group.name = self.new_group_name.unwrap_or(group.name);
        let mut edits: Vec<Edit> = Vec::new();
        if group.name != before.name {
            if !group
                .name
                .as_str()
                .eq_ignore_ascii_case(before.name.as_str())
            {
                check_name(step, &group.name)?;
            }
            edits.push(IdentityEdit::RemoveGroup(before.account, before.name).into());
        }
        edits.push(group.put());
        Ok(Performed::changed((), edits))
    }
}

iam_request! {
    /// The end of a group, which must have nothing any more.
    DeleteGroupRequest "DeleteGroup" false -> () {
        /// The group.
        group_name: GroupName = "groupName",
    }
}

impl IamRequest for DeleteGroupRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Group(self.group_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let group = Group::existing(step, &self.group_name)?;
        if members(step, &group).next().is_some() {
            return Err(delete_conflict("remove users from group"));
        }
        if !group.policies.is_empty() {
            return Err(delete_conflict("delete policies"));
        }
        if !group.attached.is_empty() {
            return Err(delete_conflict("detach all policies"));
        }
        let edit = IdentityEdit::RemoveGroup(group.account, group.name);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}

/// The user who joins or leaves a group, in the caller's account.
fn user(step: &Step<'_>, name: &UserName) -> Result<User, Error> {
    let entry = step.state.user(step.call.account(), name);
    entry
        .map(|entry| entry.user.clone())
        .ok_or_else(|| User::no_such(name))
}

iam_request! {
    /// Puts a user into a group.
    AddUserToGroupRequest "AddUserToGroup" false -> () {
        /// The group.
        group_name: GroupName = "groupName",
        /// The user.
        user_name: UserName = "userName",
    }
}

impl IamRequest for AddUserToGroupRequest {
    type Response = ();
    /// Who is in a group stands with the user.
    const CHANGES_ITS_SUBJECT: bool = false;

    fn subject(&self) -> Subject {
        Subject::Group(self.group_name.clone())
    }

    /// Adding who is in the group changes nothing and succeeds, as at AWS.
    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let group = Group::existing(step, &self.group_name)?;
        let mut user = user(step, &self.user_name)?;
        if user.groups.contains(&group.id) {
            return Ok(Performed::read(()));
        }
        limits::within(user.groups.len(), "GroupsPerUser", limits::GROUPS_PER_USER)?;
        user.groups.insert(group.id);
        Ok(Performed::changed((), vec![user.put()]))
    }
}

iam_request! {
    /// Takes a user out of a group.
    RemoveUserFromGroupRequest "RemoveUserFromGroup" false -> () {
        /// The group.
        group_name: GroupName = "groupName",
        /// The user.
        user_name: UserName = "userName",
    }
}

impl IamRequest for RemoveUserFromGroupRequest {
    type Response = ();
    /// Who is in a group stands with the user.
    const CHANGES_ITS_SUBJECT: bool = false;

    fn subject(&self) -> Subject {
        Subject::Group(self.group_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let group = Group::existing(step, &self.group_name)?;
        let mut user = user(step, &self.user_name)?;
        if user.groups.remove(&group.id) {
            return Ok(Performed::changed((), vec![user.put()]));
        }
        Err(Error::NotFound(format!(
            "The user {} is not in the group {}.",
            user.name, group.name
        )))
    }
}

iam_request! {
    /// The groups that a user is in.
    ListGroupsForUserRequest "ListGroupsForUser" true -> Page<Group> {
        /// The user.
        user_name: UserName = "userName",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListGroupsForUserRequest);

impl IamRequest for ListGroupsForUserRequest {
    type Response = Page<Group>;

    fn subject(&self) -> Subject {
        Subject::User(self.user_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Page<Group>>, Error> {
        let user = User::existing(step, &self.user_name)?;
        let groups = step.state.groups(&user.account).map(|entry| &entry.group);
        let groups = groups.filter(|group| user.groups.contains(&group.id));
        let groups = groups.map(|group| (group.name.to_string(), group.clone()));
        let listing = format!("ListGroupsForUser/{}", user.id);
        self.paging()
            .page(step, &listing, groups)
            .map(Performed::read)
    }
}
