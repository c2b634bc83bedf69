//! The principals file.

use kms_core::principals_file::{self, PrincipalsFile, References};
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
    let written = principals_file::write(&file);
    let again = principals_file::parse(&written, &mut Beside).expect("what is written is read");
    same(&file, &again);
    assert_eq!(written, principals_file::write(&again));
}

fn same(file: &PrincipalsFile, again: &PrincipalsFile) {
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
