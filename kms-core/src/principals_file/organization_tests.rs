use super::tests::{read, refuses};
use super::*;
use crate::identity::PolicyType;

const WHOLE: &str = r#"
[organization]
feature_set = "ALL"
policy_types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
tags = { k = "v" }

[[organizational_unit]]
name = "eu/west"
parent = "root/prod"

[[organizational_unit]]
name = "prod"
tags = { k = "v" }

[[account]]
id = "111122223333"
name = "management"

[[account]]
name = "Team A"
email = "team-a@example.com"
parent = "root/prod/eu%2Fwest"

[[scp]]
name = "keep"
description = "d"
file = "keep.json"
targets = ["root/prod", "111122223333", "team-a@example.com"]

[[scp]]
name = "FullAWSAccess"
targets = ["root"]

[[rcp]]
name = "keep"
text = "{}"
targets = ["root"]

[[user]]
account = "team-a@example.com"
name = "u"
"#;

#[test]
fn the_organization_is_read() {
    let file = read(WHOLE);
    let organization = file.organization.unwrap();
    assert_eq!(organization.line, 2);
    assert_eq!(organization.policy_types, Some(PolicyType::ALL.into()));
    // What others are in comes first, wherever it stands.
    let paths: Vec<String> = organization
        .units
        .iter()
        .map(|unit| unit.path.to_string())
        .collect();
    assert_eq!(paths, ["root/prod", "root/prod/eu%2Fwest"]);
    assert_eq!(organization.units[1].line, 7);
    let [management, team] = organization.accounts.as_slice() else {
        panic!("two accounts")
    };
    assert!(management.email.is_none() && management.parent.depth() == 0);
    assert!(team.id.is_none() && team.parent.depth() == 2);
    let [keep, full, resource] = organization.policies.as_slice() else {
        panic!("three policies")
    };
    assert_eq!(keep.document.as_ref().unwrap(), "the text of keep.json");
    assert_eq!(keep.targets.len(), 3);
    assert!(full.document.is_none());
    assert_eq!(resource.kind, PolicyType::ResourceControl);
    let account = file.users[0].place.account.clone();
    assert_eq!(
        account.unwrap(),
        AccountRef::Email("team-a@example.com".to_owned())
    );
    let bare = read("[organization]").organization.unwrap();
    assert_eq!(bare.policy_types, None);
}

#[test]
fn a_written_organization_is_read_again() {
    let without_lines = |text: &str| {
        let mut organization = read(text).organization.unwrap();
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
        organization
    };
    for text in [WHOLE, "[organization]\npolicy_types = []"] {
        let written = write(&read(text));
        assert_eq!(without_lines(&written), without_lines(text), "{written}");
    }
}

#[test]
fn what_is_no_organization_is_refused_and_the_line_named() {
    let organization = "[organization]\n";
    let case = |rest: &str, words| (format!("{organization}{rest}"), words);
    let deep: String = ["", "/a", "/a/a", "/a/a/a", "/a/a/a/a", "/a/a/a/a/a"]
        .map(|parent| format!("[[organizational_unit]]\nname = \"a\"\nparent = \"root{parent}\"\n"))
        .concat();
    refuses(&[
        (
            "[[user]]\nname = \"u\"\n[[account]]\nname = \"a\"\nemail = \"a@b.c\"".to_owned(),
            "line 3: [[account]] needs [organization]",
        ),
        (
            "[[rcp]]\nname = \"a\"\ntext = \"\"\ntargets = []".to_owned(),
            "line 1: [[rcp]] needs",
        ),
        case("colour = 1", "line 2: unknown field `colour`"),
        case(
            "feature_set = \"CONSOLIDATED_BILLING\"",
            "line 1: feature_set",
        ),
        case("policy_types = [\"TAG_POLICY\"]", "line 2: expected "),
        case("[[organizational_unit]]\nname = \"\"", "line 2: "),
        case(
            "[[organizational_unit]]\nname = \"a\"\nparent = \"prod\"",
            "line 4: a path is root",
        ),
        case(
            "[[organizational_unit]]\nname = \"a\"\nparent = \"root/\"",
            "line 4: ",
        ),
        case(
            "[[organizational_unit]]\nname = \"a\"\nparent = \"root/a%2f\"",
            "line 4: ",
        ),
        case(
            "[[organizational_unit]]\nname = \"a\"\nparent = \"root/none\"",
            "line 2: the file has no organizational_unit root/none",
        ),
        // In one another, in a circle.
        case(
            "[[organizational_unit]]\nname = \"a\"\nparent = \"root/a\"",
            "line 2: the file has no organizational_unit root/a",
        ),
        case(
            "[[organizational_unit]]\nname = \"a\"\n[[organizational_unit]]\nname = \"a\"",
            "line 4: the organizational_unit root/a stands twice",
        ),
        case(
            &deep,
            "line 17: the organizational_unit root/a/a/a/a/a/a is more than 5",
        ),
        case(
            "[[organizational_unit]]\nname = \"a\"\nid = \"ou-a\"",
            "line 4: unknown field `id`",
        ),
    ]);
}

#[test]
fn what_is_no_account_is_refused() {
    let case = |rest: &str, words| (format!("[organization]\n{rest}"), words);
    refuses(&[
        case(
            "[[account]]\nname = \"a\"",
            "line 2: the account a needs email or id",
        ),
        case("[[account]]\nname = \"a\"\nid = \"1\"", "line 4: "),
        case(
            "[[account]]\nname = \"a\"\nemail = \"a@b.cd\"\nparent = \"root/none\"",
            "line 2: the file has no organizational_unit root/none",
        ),
        case(
            "[[account]]\nname = \"a\"\nemail = \"a@b.cd\"\n[[account]]\nname = \"b\"\nemail = \"A@b.cd\"",
            "line 5: the account a@b.cd stands twice",
        ),
        case(
            "[[account]]\nname = \"a\"\nid = \"111122223333\"\n[[account]]\nname = \"b\"\nid = \"111122223333\"",
            "line 5: the account 111122223333 stands twice",
        ),
        case(
            "[[account]]\nname = \"a\"\nstatus = \"SUSPENDED\"",
            "unknown field `status`",
        ),
    ]);
}

#[test]
fn what_is_no_policy_of_the_organization_is_refused() {
    let case = |rest: &str, words| (format!("[organization]\n{rest}"), words);
    refuses(&[
        case(
            "[[scp]]\nname = \"a\"\ntargets = []",
            "line 2: the scp a needs either text or file",
        ),
        case(
            "[[scp]]\nname = \"a\"\nfile = \"none\"\ntargets = []",
            "file \"none\" is not there",
        ),
        case(
            "[[scp]]\nname = \"a\"\ntext = \"\"\ntargets = []\n[[scp]]\nname = \"a\"\ntext = \"\"\ntargets = []",
            "line 6: the scp a stands twice",
        ),
        case(
            "[[scp]]\nname = \"a\"\ntext = \"\"\ntargets = [\"prod\"]",
            "line 5: a target is a path",
        ),
        case(
            "[[scp]]\nname = \"a\"\ntext = \"\"\ntargets = [\"root/none\"]",
            "line 2: the scp a: the file has no organizational_unit root/none",
        ),
        case(
            "[[rcp]]\nname = \"a\"\ntext = \"\"\ntargets = [\"root\"]",
            "line 2: the rcp a has targets, and RESOURCE_CONTROL_POLICY is not",
        ),
        case(
            "[[scp]]\nname = \"FullAWSAccess\"\ntext = \"{}\"\ntargets = []",
            "AWS's own",
        ),
        case(
            "[[scp]]\nname = \"a\"\ntext = \"\"",
            "line 2: missing field `targets`",
        ),
        case(
            "[[rcp]]\nname = \"RCPFullAWSAccess\"\ntargets = []",
            "cannot be detached",
        ),
        (
            "[[user]]\nname = \"u\"\naccount = \"team\"".to_owned(),
            "line 3: an account is 12 digits",
        ),
    ]);
}
