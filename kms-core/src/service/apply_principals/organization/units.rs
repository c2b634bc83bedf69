//! Organizational units of the file.

use std::collections::BTreeMap;

use super::{Paths, check_member, found};
use crate::Error;
use crate::identity::{OrganizationalUnit, generate_organizational_unit_id};
use crate::ids::{ParentId, RootId};
use crate::principals_file::{FileUnit, UnitPath};
use crate::service::apply_principals::reconcile::{Work, at};
use crate::service::organizations::rules::UNIT_NAME;
use crate::service::organizations::{Organizations, check_tags};

/// The ways to all that there is, by what is there.
pub(super) fn paths_of(organizations: &Organizations) -> BTreeMap<ParentId, UnitPath> {
    let mut paths = BTreeMap::new();
    let Some(organization) = organizations.organization() else {
        return paths;
    };
    let root = ParentId::Root(organization.root.id.clone());
    let mut inner: BTreeMap<&ParentId, Vec<&OrganizationalUnit>> = BTreeMap::new();
    for unit in organizations.units() {
        inner.entry(&unit.parent).or_default().push(unit);
    }
    let mut open = vec![(root, UnitPath::default())];
    while let Some((id, path)) = open.pop() {
        for unit in inner.get(&id).into_iter().flatten() {
            open.push((ParentId::Unit(unit.id.clone()), path.child(&unit.name)));
        }
        paths.insert(id, path);
    }
    paths
}

impl Work<'_> {
    /// Makes the units, of which what they are in comes first, and tells what all paths name.
    pub(super) fn units(&mut self, wanted: &[FileUnit], root: &RootId) -> Result<Paths, Error> {
        let mut paths = Paths::from([(UnitPath::default(), ParentId::Root(root.clone()))]);
        for unit in wanted {
            let made = self.unit(unit, &paths, root);
            let name = unit.path.to_string();
            let made = made.map_err(at(unit.line, "organizational_unit", &name))?;
            paths.insert(unit.path.clone(), made);
        }
        Ok(paths)
    }

    fn unit(&mut self, wanted: &FileUnit, paths: &Paths, root: &RootId) -> Result<ParentId, Error> {
        let (parent, name) = wanted
            .path
            .split()
            .ok_or_else(|| Error::internal("a unit of the file is the root"))?;
        check_member("name", name, UNIT_NAME)?;
        check_tags(&wanted.tags)?;
        let parent = found(paths, &parent)?;
        let mut units = self.after.organizations.units();
        let there = units.find(|unit| unit.parent == parent && unit.name == name);
        let there = there.cloned();
        drop(units);
        let unit = match there {
            Some(there) => OrganizationalUnit {
                tags: wanted.tags.clone(),
                managed_by_file: true,
                ..there
            },
            None => OrganizationalUnit {
                id: generate_organizational_unit_id(root, self.step.engine.system_random())?,
                name: name.to_owned(),
                parent,
                attached: std::collections::BTreeSet::new(),
                tags: wanted.tags.clone(),
                managed_by_file: true,
            },
        };
        let id = ParentId::Unit(unit.id.clone());
        if self.step.state.organizations.unit(&unit.id).is_none() {
            self.draws(unit.id.as_str());
        }
        self.after.organizations.put_unit(unit);
        Ok(id)
    }
}
