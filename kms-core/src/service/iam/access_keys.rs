//! Access keys of users and of the account root user.

use super::answers::{Page, Shape, paged, time};
use super::holder::Kept;
use super::policies::one_of;
use super::subject::{Entity, Subject};
use super::users::not_a_user;
use super::{IamRequest, ask, iam_request, limits, system};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::caller::Principal;
use crate::identity::{
    AccessKey, AccessKeyOwner, User, generate_access_key_id, generate_secret_access_key,
};
use crate::ids::{AccessKeyId, UserName};
use crate::secret::SecretText;
use crate::service::context::CallContext;
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::{Authorization, Loaded, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::usage::AccessKeyUse;
use crate::time::Timestamp;

/// How many access keys a user, or the account root user, may have: AWS's quota.
pub const MAX_ACCESS_KEYS: usize = 2;

/// What an access key is: `Active` or `Inactive`.
const fn status(inactive: bool) -> &'static str {
    if inactive { "Inactive" } else { "Active" }
}

/// An identity policy that lets a user make keys for users must not let it make one for the
/// account root user, who may do everything: only the root user itself does that.
fn root_for_root_only(of_root: bool, call: &CallContext) -> Result<(), Error> {
    let principal = call.caller.principal();
    if of_root && !matches!(principal, Principal::Root { .. }) {
        return Err(Error::AccessDenied(format!(
            "User: {} is not authorized to manage access keys of the account root user",
            principal.arn()
        )));
    }
    Ok(())
}

/// Whose keys a request is about that names a user, or nobody and means its caller.
fn owner(step: &Step<'_>, name: Option<&UserName>) -> Result<AccessKeyOwner, Error> {
    match (User::of(step.loaded.iam()), name) {
        (Some(user), _) => Ok(AccessKeyOwner::User(user.name.clone())),
        (None, Some(name)) => Err(User::no_such(name)),
        (None, None) => match step.call.caller.principal() {
            Principal::Root { .. } => Ok(AccessKeyOwner::Root),
            _ => Err(not_a_user()),
        },
    }
}

fn name_of(owner: &AccessKeyOwner) -> Option<&UserName> {
    match owner {
        AccessKeyOwner::Root => None,
        AccessKeyOwner::User(name) => Some(name),
    }
}

fn keys_of<'a>(
    step: &'a Step<'_>,
    owner: &'a AccessKeyOwner,
) -> impl Iterator<Item = &'a AccessKey> + 'a {
    let keys = step.state.access_keys(step.call.account());
    keys.map(|key| &**key)
        .filter(move |key| key.owner == *owner)
}

/// The key that the request names.
fn named<'a>(step: &'a Step<'_>, id: &AccessKeyId) -> Result<&'a AccessKey, Error> {
    match step.loaded.iam() {
        Entity::AccessKey(key, _) => Ok(key),
        _ => Err(Error::NotFound(format!(
            "The Access Key with id {id} cannot be found."
        ))),
    }
}

/// The permission on whoever has the key that the request names.
fn on_its_owner<'a, R: IamRequest>(
    request: &'a R,
    loaded: &'a Loaded,
    call: &'a CallContext,
) -> Result<Vec<Authorization<'a>>, Error> {
    let of_root = matches!(loaded.iam(), Entity::AccessKey(_, None));
    root_for_root_only(of_root, call)?;
    let on = loaded.iam().on(&request.subject(), call);
    Ok(vec![ask(R::ACTION, on, request.specific(loaded))])
}

iam_request! {
    /// A new access key of a user, or of whoever calls.
    CreateAccessKeyRequest "CreateAccessKey" false -> CreateAccessKeyResponse {
        /// The user; the caller when there is none.
        user_name: Option<UserName> = "userName",
    }
}

/// A new access key. The secret is told this once.
#[derive(Debug)]
pub struct CreateAccessKeyResponse {
    /// The user; `None` for the account root user.
    pub user_name: Option<UserName>,
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// 40 characters.
    pub secret_access_key: SecretText,
    /// When it was made.
    pub created: Timestamp,
}

impl ToXml for CreateAccessKeyResponse {
    fn write(&self, xml: &mut Xml) {
        xml.element("AccessKey", |xml| {
            xml.optional("UserName", self.user_name.as_ref().map(UserName::as_str));
            xml.text("AccessKeyId", self.access_key_id.as_str());
            xml.text("Status", status(false));
            xml.text("SecretAccessKey", self.secret_access_key.expose());
            time(xml, "CreateDate", self.created);
        });
    }
}

impl IamRequest for CreateAccessKeyRequest {
    type Response = CreateAccessKeyResponse;

    fn subject(&self) -> Subject {
        Subject::UserOrCaller(self.user_name.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<CreateAccessKeyResponse>, Error> {
        let owner = owner(step, self.user_name.as_ref())?;
        limits::within(
            keys_of(step, &owner).count(),
            "AccessKeysPerUser",
            MAX_ACCESS_KEYS,
        )?;
        let id = generate_access_key_id(system(step))?;
        let secret = generate_secret_access_key(system(step))?;
        let response = CreateAccessKeyResponse {
            user_name: name_of(&owner).cloned(),
            access_key_id: id.clone(),
            secret_access_key: SecretText::new(secret.expose().to_owned()),
            created: step.now,
        };
        let mut elements = Parameters::default();
        elements
            .optional("userName", response.user_name.as_ref())
            .value("accessKeyId", &id)
            .value("status", status(false));
        let key = AccessKey {
            id,
            account: step.call.account().clone(),
            owner,
            created: step.now,
            inactive: false,
            secret,
        };
        let edits = vec![IdentityEdit::PutAccessKey(key).into()];
        Ok(Performed::changed(response, edits).with_elements(elements))
    }
}

/// An access key without its secret.
#[derive(Clone, Debug)]
pub struct AccessKeyMetadata {
    /// The user; `None` for the account root user.
    pub user_name: Option<UserName>,
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// Whether it opens nothing for now.
    pub inactive: bool,
    /// When it was made.
    pub created: Timestamp,
}

impl Shape for AccessKeyMetadata {
    const ONE: &'static str = "AccessKeyMetadata";
    const LIST: &'static str = "AccessKeyMetadata";

    fn write(&self, xml: &mut Xml) {
        xml.optional("UserName", self.user_name.as_ref().map(UserName::as_str));
        xml.text("AccessKeyId", self.access_key_id.as_str());
        xml.text("Status", status(self.inactive));
        time(xml, "CreateDate", self.created);
    }
}

iam_request! {
    /// The access keys of a user, or of whoever calls.
    ListAccessKeysRequest "ListAccessKeys" true -> Page<AccessKeyMetadata> {
        /// The user; the caller when there is none.
        user_name: Option<UserName> = "userName",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListAccessKeysRequest);

impl ListAccessKeysRequest {
    /// All of them, since they are few.
    #[must_use]
    pub fn of(user_name: Option<UserName>) -> Self {
        Self {
            user_name,
            marker: None,
            max_items: None,
        }
    }
}

impl IamRequest for ListAccessKeysRequest {
    type Response = Page<AccessKeyMetadata>;

    fn subject(&self) -> Subject {
        Subject::UserOrCaller(self.user_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let owner = owner(step, self.user_name.as_ref())?;
        let keys = keys_of(step, &owner).map(|key| {
            let metadata = AccessKeyMetadata {
                user_name: name_of(&owner).cloned(),
                access_key_id: key.id.clone(),
                inactive: key.inactive,
                created: key.created,
            };
            (key.id.to_string(), metadata)
        });
        let listing = format!(
            "ListAccessKeys/{}",
            name_of(&owner).map_or("", UserName::as_str)
        );
        self.paging()
            .page(step, &listing, keys)
            .map(Performed::read)
    }
}

iam_request! {
    /// Lets an access key open nothing for now, or what it opened before.
    UpdateAccessKeyRequest "UpdateAccessKey" false -> () {
        /// The user whose it is.
        user_name: Option<UserName> = "userName",
        /// `AKIA…`.
        access_key_id: AccessKeyId = "accessKeyId",
        /// `Active` or `Inactive`.
        status: String = "status",
    }
}

impl IamRequest for UpdateAccessKeyRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::AccessKey(self.access_key_id.clone(), self.user_name.clone())
    }

    fn check(&self) -> Result<(), Error> {
        one_of("status", Some(&self.status), &["Active", "Inactive"])
    }

    fn asks<'a>(
        &'a self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        on_its_owner(self, loaded, call)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let key = named(step, &self.access_key_id)?;
        let changed = key.changed(key.owner.clone(), self.status == status(true));
        let edit = IdentityEdit::PutAccessKey(changed);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}

iam_request! {
    /// The end of an access key.
    DeleteAccessKeyRequest "DeleteAccessKey" false -> () {
        /// The user whose it is.
        user_name: Option<UserName> = "userName",
        /// `AKIA…`.
        access_key_id: AccessKeyId = "accessKeyId",
    }
}

impl IamRequest for DeleteAccessKeyRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::AccessKey(self.access_key_id.clone(), self.user_name.clone())
    }

    fn asks<'a>(
        &'a self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        on_its_owner(self, loaded, call)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        named(step, &self.access_key_id)?;
        let edit = IdentityEdit::RemoveAccessKey(self.access_key_id);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}

/// When an access key was last used, as far as the ledger goes back.
#[derive(Clone, Debug)]
pub struct AccessKeyLastUsed {
    /// The user; `None` for the account root user.
    pub user_name: Option<UserName>,
    /// The last use; `None` if there was none.
    pub last: Option<AccessKeyUse>,
}

impl ToXml for AccessKeyLastUsed {
    fn write(&self, xml: &mut Xml) {
        xml.optional("UserName", self.user_name.as_ref().map(UserName::as_str));
        xml.element("AccessKeyLastUsed", |xml| match &self.last {
            Some(last) => {
                time(xml, "LastUsedDate", last.time);
                xml.text("ServiceName", &last.service);
                xml.text("Region", &last.region);
            }
            None => {
                xml.text("ServiceName", "N/A");
                xml.text("Region", "N/A");
            }
        });
    }
}

iam_request! {
    /// When an access key was last used.
    GetAccessKeyLastUsedRequest "GetAccessKeyLastUsed" true -> AccessKeyLastUsed {
        /// `AKIA…`.
        access_key_id: AccessKeyId = "accessKeyId",
    }
}

impl IamRequest for GetAccessKeyLastUsedRequest {
    type Response = AccessKeyLastUsed;
    const ASKS_FOR_USAGE: bool = true;

    fn subject(&self) -> Subject {
        Subject::AccessKey(self.access_key_id.clone(), None)
    }

    fn asks<'a>(
        &'a self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        on_its_owner(self, loaded, call)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccessKeyLastUsed>, Error> {
        let key = named(step, &self.access_key_id)?;
        Ok(Performed::read(AccessKeyLastUsed {
            user_name: name_of(&key.owner).cloned(),
            last: step.engine.usage.of_access_key(&self.access_key_id),
        }))
    }
}
