//! Who runs this process.

use std::fs;

/// The name of the user that the process runs as, from its user id: the environment could claim to
/// be anybody. A user that `/etc/passwd` does not list is named by the id.
pub(super) fn operating_system_user() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&id, &users).unwrap_or_else(|| format!("uid-{id}"))
}

fn name_of(id: &str, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_id() {
        let users = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/u/alice:/bin/sh\n";
        assert_eq!(name_of("1000", users).as_deref(), Some("alice"));
        assert_eq!(name_of("1", users), None);
    }
}
