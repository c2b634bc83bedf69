//! The principals file.

use std::collections::BTreeSet;

use kms_core::identity::MAX_UNIT_DEPTH;
use kms_core::principals_file::{self, FileOrganization, PrincipalsFile, References, UnitPath};
use kms_core::secret::SecretText;

/// Every file is there: documents say their names, and secrets are of the right form.
struct Beside;

impl References for Beside {
    fn document(&mut self, path: &str) -> Result<String, String> {
        Ok(path.to_owned())
    }

    fn secret(&mut self, _path: &str) -> Result<SecretText, String> {
        Ok(SecretText::new("a".repeat(40)))
    }
}

/// What is accepted names each access key once, and is read again as it is written.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(file) = principals_file::parse(text, &mut Beside) else {
        return;
    };
    let keys = || file.users.iter().flat_map(|user| &user.access_keys);
    for (index, key) in keys().enumerate() {
        assert!(keys().take(index).all(|other| other.id != key.id));
    }
    if let Some(organization) = &file.organization {
        check_units(organization);
    }
    let written = principals_file::write(&file);
    let again = principals_file::parse(&written, &mut Beside).expect("what is written is read");
    same(&file, &again);
    assert_eq!(written, principals_file::write(&again));
}

/// The lines of a text that was written are others.
fn without_lines(organization: &Option<FileOrganization>) -> Option<FileOrganization> {
    let mut organization = organization.clone()?;
    organization.line = 0;
    organization.units.iter_mut().for_each(|one| one.line = 0);
    organization
        .accounts
        .iter_mut()
        .for_each(|one| one.line = 0);
    organization
        .policies
        .iter_mut()
        .for_each(|one| one.line = 0);
    Some(organization)
}

/// Every unit comes after what it is in, is no deeper than may be, and stands once.
fn check_units(organization: &FileOrganization) {
    let mut known = BTreeSet::from([UnitPath::default()]);
    for unit in &organization.units {
        let (parent, _) = unit.path.split().expect("a unit is not the root");
        assert!(known.contains(&parent) && unit.path.depth() <= MAX_UNIT_DEPTH);
        assert!(known.insert(unit.path.clone()));
    }
    let parents = organization.accounts.iter().map(|account| &account.parent);
    assert!(parents.into_iter().all(|parent| known.contains(parent)));
}

fn same(file: &PrincipalsFile, again: &PrincipalsFile) {
    assert_eq!(
        without_lines(&file.organization),
        without_lines(&again.organization)
    );
    for (one, other) in file.policies.iter().zip(&again.policies) {
        assert_eq!((&one.document, &one.tags), (&other.document, &other.tags));
        assert_eq!(one.description, other.description);
    }
    for (one, other) in file.roles.iter().zip(&again.roles) {
        assert_eq!(
            (&one.trust, &one.permissions),
            (&other.trust, &other.permissions)
        );
        assert_eq!(one.boundary, other.boundary);
    }
    assert_eq!(file.users.len(), again.users.len());
    assert_eq!(file.groups.len(), again.groups.len());
    assert_eq!(file.providers.len(), again.providers.len());
}
