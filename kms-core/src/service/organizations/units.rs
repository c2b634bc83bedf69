//! Organizational units.

use super::answers::{Nothing, UnitAnswer, UnitShape, UnitsAnswer, page};
use super::organization::full_access;
use super::rules::{
    MAX_RESULTS, NEXT_TOKEN, PARENT_ID, TAGS, UNIT_ID, UNIT_NAME, given, parsed, refused,
};
use super::tags::{self, OrganizationTags};
use super::{OrganizationEdit, OrganizationsRequest, limits, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, OrganizationsCode};
use crate::identity::{MAX_UNIT_DEPTH, OrganizationalUnit, generate_organizational_unit_id};
use crate::ids::{OrganizationalUnitId, ParentId};
use crate::service::operation::{Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::values::Specific;

fn broken(reason: ConstraintReason) -> Error {
    refused(OrganizationsCode::ConstraintViolationException(reason))
}

/// What accounts or units are in, if it is there.
pub(super) fn parent(
    step: &Step<'_>,
    id: Option<&String>,
    absent: OrganizationsCode,
) -> Result<ParentId, Error> {
    let parent: ParentId = parsed(id)?;
    let known = step.state.organizations.has(&parent.clone().into());
    known.then_some(parent).ok_or_else(|| refused(absent))
}

fn existing(step: &Step<'_>, id: Option<&String>) -> Result<OrganizationalUnit, Error> {
    let unit = step.state.organizations.unit(&parsed(id)?);
    unit.cloned()
        .ok_or_else(|| refused(OrganizationsCode::OrganizationalUnitNotFoundException))
}

fn answer(unit: &OrganizationalUnit, step: &Step<'_>) -> Result<UnitAnswer, Error> {
    let shape = UnitShape::new(unit, &step.state.organizations);
    let absent = || refused(OrganizationsCode::AWSOrganizationsNotInUseException);
    let organizational_unit = shape.ok_or_else(absent)?;
    Ok(UnitAnswer {
        organizational_unit,
    })
}

/// Refuses a name that a unit in the same has.
fn require_free(
    name: &str,
    parent: &ParentId,
    own: Option<&OrganizationalUnitId>,
    step: &Step<'_>,
) -> Result<(), Error> {
    let mut others = step
        .state
        .organizations
        .units()
        .filter(|unit| unit.parent == *parent && Some(&unit.id) != own);
    match others.any(|unit| unit.name == name) {
        true => Err(refused(
            OrganizationsCode::DuplicateOrganizationalUnitException,
        )),
        false => Ok(()),
    }
}

organizations_request! {
    /// A new organizational unit.
    CreateOrganizationalUnitRequest "CreateOrganizationalUnit" false -> UnitAnswer {
        /// The root or unit that it is in.
        parent_id: String = "parentId", Required, PARENT_ID;
        /// Its name.
        name: String = "name", Required, UNIT_NAME;
        /// Its tags.
        tags: OrganizationTags = "tags", Optional, TAGS;
    }
}

impl OrganizationsRequest for CreateOrganizationalUnitRequest {
    type Response = UnitAnswer;

    fn subjects(&self) -> Vec<String> {
        self.parent_id.iter().cloned().collect()
    }

    fn specific(&self) -> Specific<'_> {
        tags::specific(self.tags.as_ref())
    }

    fn is_tagged(&self) -> bool {
        tags::are_given(self.tags.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<UnitAnswer>, Error> {
        let organizations = &step.state.organizations;
        let absent = OrganizationsCode::ParentNotFoundException;
        let parent = parent(step, self.parent_id.as_ref(), absent)?;
        let name = given(self.name)?;
        require_free(&name, &parent, None, step)?;
        if organizations
            .depth(&parent)
            .is_none_or(|depth| depth >= MAX_UNIT_DEPTH)
        {
            return Err(broken(ConstraintReason::UnitDepth));
        }
        if organizations.units().count() >= limits::UNITS {
            return Err(broken(ConstraintReason::UnitNumber));
        }
        let tags = tags::of_new(self.tags.as_ref())?;
        let root = &organization(step)?.root;
        let unit = OrganizationalUnit {
            id: generate_organizational_unit_id(&root.id, step.engine.system_random())?,
            name,
            parent,
            attached: full_access(root.policy_types.iter().copied())?,
            tags,
            managed_by_file: false,
        };
        let answer = answer(&unit, step)?;
        let mut elements = Parameters::default();
        elements.value("id", &unit.id);
        let edits = vec![OrganizationEdit::PutUnit(unit).into()];
        Ok(Performed::changed(answer, edits).with_elements(elements))
    }
}

organizations_request! {
    /// One organizational unit.
    DescribeOrganizationalUnitRequest "DescribeOrganizationalUnit" true -> UnitAnswer {
        /// The unit.
        organizational_unit_id: String = "organizationalUnitId", Required, UNIT_ID;
    }
}

impl OrganizationsRequest for DescribeOrganizationalUnitRequest {
    type Response = UnitAnswer;

    fn subjects(&self) -> Vec<String> {
        self.organizational_unit_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<UnitAnswer>, Error> {
        let unit = existing(step, self.organizational_unit_id.as_ref())?;
        Ok(Performed::read(answer(&unit, step)?))
    }
}

organizations_request! {
    /// Another name for an organizational unit.
    UpdateOrganizationalUnitRequest "UpdateOrganizationalUnit" false -> UnitAnswer {
        /// The unit.
        organizational_unit_id: String = "organizationalUnitId", Required, UNIT_ID;
        /// The name.
        name: String = "name", Optional, UNIT_NAME;
    }
}

impl OrganizationsRequest for UpdateOrganizationalUnitRequest {
    type Response = UnitAnswer;

    fn subjects(&self) -> Vec<String> {
        self.organizational_unit_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<UnitAnswer>, Error> {
        let mut unit = existing(step, self.organizational_unit_id.as_ref())?;
        let Some(name) = self.name else {
            return Ok(Performed::read(answer(&unit, step)?));
        };
        require_free(&name, &unit.parent, Some(&unit.id), step)?;
        unit.name = name;
        let answer = answer(&unit, step)?;
        let edits = vec![OrganizationEdit::PutUnit(unit).into()];
        Ok(Performed::changed(answer, edits))
    }
}

organizations_request! {
    /// The end of an organizational unit that nothing is in.
    DeleteOrganizationalUnitRequest "DeleteOrganizationalUnit" false -> Nothing {
        /// The unit.
        organizational_unit_id: String = "organizationalUnitId", Required, UNIT_ID;
    }
}

impl OrganizationsRequest for DeleteOrganizationalUnitRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        self.organizational_unit_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let organizations = &step.state.organizations;
        let unit = existing(step, self.organizational_unit_id.as_ref())?;
        let own = ParentId::Unit(unit.id.clone());
        let has_units = organizations.units().any(|other| other.parent == own);
        if has_units || organizations.members().any(|member| member.parent == own) {
            return Err(refused(
                OrganizationsCode::OrganizationalUnitNotEmptyException,
            ));
        }
        let edits = vec![OrganizationEdit::RemoveUnit(unit.id).into()];
        Ok(Performed::changed(Nothing {}, edits))
    }
}

organizations_request! {
    /// The units that are in a root or unit itself.
    ListOrganizationalUnitsForParentRequest "ListOrganizationalUnitsForParent" true -> UnitsAnswer {
        /// The root or unit.
        parent_id: String = "parentId", Required, PARENT_ID;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListOrganizationalUnitsForParentRequest {
    type Response = UnitsAnswer;

    fn subjects(&self) -> Vec<String> {
        self.parent_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<UnitsAnswer>, Error> {
        let organizations = &step.state.organizations;
        let absent = OrganizationsCode::ParentNotFoundException;
        let parent = parent(step, self.parent_id.as_ref(), absent)?;
        let units = organizations.units().filter(|unit| unit.parent == parent);
        let units = units
            .filter_map(|unit| Some((unit.id.to_string(), UnitShape::new(unit, organizations)?)));
        let listing = format!("ListOrganizationalUnitsForParent/{parent}");
        let asked = (self.next_token.as_ref(), self.max_results);
        Ok(Performed::read(page(step, &listing, asked, units)?.into()))
    }
}
