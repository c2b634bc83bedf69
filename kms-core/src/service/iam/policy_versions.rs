//! Versions of managed policies: at most five, one of which counts.

use super::answers::{One, Page, Shape, document, paged, time};
use super::holder::Kept;
use super::subject::Subject;
use super::{IamRequest, conflict, documents, iam_request, limits};
use crate::Error;
use crate::api::query::Xml;
use crate::identity::{ManagedPolicy, PolicyVersion};
use crate::ids::PolicyArn;
use crate::service::operation::{Performed, Step};
use crate::service::parameters::Parameters;
use crate::time::Timestamp;

/// One version of a policy in an answer.
#[derive(Clone, Debug)]
pub struct DescribedVersion {
    /// Its number; `v` stands before it in answers.
    pub number: u32,
    /// Whether it is the one that counts.
    pub is_default: bool,
    /// When it was made.
    pub created: Timestamp,
    /// The document, in the answer about one version.
    pub document: Option<String>,
}

impl Shape for DescribedVersion {
    const ONE: &'static str = "PolicyVersion";
    const LIST: &'static str = "Versions";

    fn write(&self, xml: &mut Xml) {
        if let Some(text) = &self.document {
            document(xml, "Document", text);
        }
        xml.text("VersionId", &format!("v{}", self.number));
        xml.flag("IsDefaultVersion", self.is_default);
        time(xml, "CreateDate", self.created);
    }
}

/// A version without its document.
pub(super) fn described(
    policy: &ManagedPolicy,
    number: u32,
    version: &PolicyVersion,
) -> DescribedVersion {
    DescribedVersion {
        number,
        is_default: policy.default_version == number,
        created: version.created,
        document: None,
    }
}

/// The number of a version: `v3` is 3.
fn number(version_id: &str) -> Result<u32, Error> {
    let digits = version_id.strip_prefix('v').unwrap_or_default();
    let well_formed = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let number = digits.parse().ok().filter(|_| well_formed);
    number.ok_or_else(|| {
        Error::Validation(format!(
            "1 validation error detected: Value '{version_id}' at 'versionId' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*"
        ))
    })
}

fn no_such_version(arn: &PolicyArn, version_id: &str) -> Error {
    Error::NotFound(format!(
        "Policy {arn} version {version_id} does not exist or is not attachable."
    ))
}

iam_request! {
    /// A new version of a managed policy.
    CreatePolicyVersionRequest "CreatePolicyVersion" false -> One<DescribedVersion> {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
        /// An identity policy.
        policy_document: String = "policyDocument",
        /// Whether it counts from now on.
        set_as_default: Option<bool> = "setAsDefault",
    }
}

impl IamRequest for CreatePolicyVersionRequest {
    type Response = One<DescribedVersion>;

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn check(&self) -> Result<(), Error> {
        documents::managed(&self.policy_document)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<DescribedVersion>>, Error> {
        let mut policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        if policy.versions.len() >= limits::POLICY_VERSIONS {
            return Err(Error::LimitExceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you \
                 must delete an existing version."
                    .to_owned(),
            ));
        }
        let number = policy.last_version.saturating_add(1);
        let version = PolicyVersion {
            document: self.policy_document,
            created: step.now,
        };
        policy.last_version = number;
        policy.updated = step.now;
        if self.set_as_default == Some(true) {
            policy.default_version = number;
        }
        let answer = described(&policy, number, &version);
        policy.versions.insert(number, version);
        let mut elements = Parameters::default();
        elements
            .value("versionId", &format!("v{number}"))
            .value("isDefaultVersion", &answer.is_default);
        Ok(Performed::changed(One(answer), vec![policy.put()]).with_elements(elements))
    }
}

iam_request! {
    /// One version of a managed policy.
    GetPolicyVersionRequest "GetPolicyVersion" true -> One<DescribedVersion> {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
        /// The version: `v` and its number.
        version_id: String = "versionId",
    }
}

impl IamRequest for GetPolicyVersionRequest {
    type Response = One<DescribedVersion>;

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn check(&self) -> Result<(), Error> {
        number(&self.version_id).map(drop)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<DescribedVersion>>, Error> {
        let policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        let number = number(&self.version_id)?;
        let version = policy.versions.get(&number);
        let version = version.ok_or_else(|| no_such_version(&self.policy_arn, &self.version_id))?;
        let answer = DescribedVersion {
            document: Some(version.document.clone()),
            ..described(&policy, number, version)
        };
        Ok(Performed::read(One(answer)))
    }
}

iam_request! {
    /// The versions of a managed policy.
    ListPolicyVersionsRequest "ListPolicyVersions" true -> Page<DescribedVersion> {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListPolicyVersionsRequest);

impl IamRequest for ListPolicyVersionsRequest {
    type Response = Page<DescribedVersion>;

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn check(&self) -> Result<(), Error> {
        self.paging().check()
    }

    /// The newest first, as at AWS; in a marker the numbers count down.
    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        let versions = policy.versions.iter().rev().map(|(number, version)| {
            let place = format!("{:010}", u32::MAX - number);
            (place, described(&policy, *number, version))
        });
        let listing = format!("ListPolicyVersions/{}", policy.id);
        self.paging()
            .page(step, &listing, versions)
            .map(Performed::read)
    }
}

iam_request! {
    /// The end of a version that is not the default one.
    DeletePolicyVersionRequest "DeletePolicyVersion" false -> () {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
        /// The version: `v` and its number.
        version_id: String = "versionId",
    }
}

impl IamRequest for DeletePolicyVersionRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn check(&self) -> Result<(), Error> {
        number(&self.version_id).map(drop)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        let number = number(&self.version_id)?;
        if number == policy.default_version {
            let message = "Cannot delete the default version of a policy.";
            return Err(conflict(message.to_owned()));
        }
        policy.updated = step.now;
        match policy.versions.remove(&number) {
            Some(_) => Ok(Performed::changed((), vec![policy.put()])),
            None => Err(no_such_version(&self.policy_arn, &self.version_id)),
        }
    }
}

iam_request! {
    /// Lets another version count.
    SetDefaultPolicyVersionRequest "SetDefaultPolicyVersion" false -> () {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
        /// The version: `v` and its number.
        version_id: String = "versionId",
    }
}

impl IamRequest for SetDefaultPolicyVersionRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn check(&self) -> Result<(), Error> {
        number(&self.version_id).map(drop)
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        let number = number(&self.version_id)?;
        if !policy.versions.contains_key(&number) {
            return Err(no_such_version(&self.policy_arn, &self.version_id));
        }
        policy.default_version = number;
        policy.updated = step.now;
        Ok(Performed::changed((), vec![policy.put()]))
    }
}
