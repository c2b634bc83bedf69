use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Files in memory: `good` is a secret, `short` is none, every document is there but `none`.
struct Beside;

impl References for Beside {
    fn document(&mut self, path: &str) -> Result<String, String> {
        match path {
            "none" => Err("is not there".to_owned()),
            path => Ok(format!("the text of {path}")),
        }
    }

    fn secret(&mut self, path: &str) -> Result<SecretText, String> {
        match path {
            "good" => Ok(SecretText::new(SECRET.to_owned())),
            "short" => Ok(SecretText::new("hunter2".to_owned())),
            _ => Err("is not there".to_owned()),
        }
    }
}

pub(super) fn read(text: &str) -> PrincipalsFile {
    parse(text, &mut Beside).unwrap()
}

fn refusal(text: &str) -> String {
    parse(text, &mut Beside).unwrap_err().to_string()
}

const WHOLE: &str = r#"
[[policy]]
name = "p"
path = "/a/"
description = "d"
file = "p.json"
tags = { k = "v" }

[[group]]
name = "g"
policies = ["p", "arn:aws:iam::111122223333:policy/other"]
inline = [{ name = "i", text = "{}" }]

[[user]]
account = "111122223333"
name = "u"
path = "/u/"
groups = ["g"]
policies = ["p"]
boundary = "p"
tags = { k = "v" }
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret_file = "good" }, { id = "AKIAAAAAAAAAAAAAAAAA", active = false }]

[[user.inline]]
name = "i"
file = "i.json"

[[role]]
name = "r"
description = "d"
trust_file = "trust.json"
max_session_duration = 7200
policies = ["p"]

[[oidc_provider]]
url = "https://example.com/id"
audiences = ["a"]
thumbprints = ["0123456789012345678901234567890123456789"]
"#;

#[test]
fn every_member_is_read() {
    let file = read(WHOLE);
    assert_eq!(file.digest.len(), 64);
    assert_eq!(file.policies[0].document, "the text of p.json");
    assert_eq!(file.policies[0].place.line, 2);
    assert_eq!(file.groups[0].permissions.policies.len(), 2);
    let user = &file.users[0];
    assert_eq!(
        user.place.account.as_ref().unwrap().to_string(),
        "111122223333"
    );
    assert_eq!(user.permissions.inline.len(), 1);
    let [first, second] = user.access_keys.as_slice() else {
        panic!("two access keys")
    };
    assert_eq!(first.secret.as_ref().unwrap().expose(), SECRET);
    assert!(!first.inactive && second.inactive && second.secret.is_none());
    assert_eq!(file.roles[0].max_session_duration, 7200);
    assert_eq!(file.roles[0].trust, "the text of trust.json");
    assert_eq!(file.providers[0].audiences, ["a"]);
}

#[test]
fn what_is_written_is_read_again() {
    let mut file = read(WHOLE);
    file.policies[0].document = "{\n\t\"a\": 'x \\ y'\n}".to_owned();
    file.roles[0].trust = "ends with '".to_owned();
    file.groups[0]
        .permissions
        .inline
        .values_mut()
        .for_each(|text| {
            *text = "\r\n'''\u{7f}\u{e9}\"".to_owned();
        });
    let again = read(&write(&file));
    assert_eq!(again.policies[0].document, file.policies[0].document);
    assert_eq!(again.roles[0].trust, file.roles[0].trust);
    assert_eq!(again.groups[0].permissions, file.groups[0].permissions);
    assert_eq!(again.users[0].tags, file.users[0].tags);
    assert_eq!(again.users[0].path, file.users[0].path);
    assert_eq!(
        again.users[0].access_keys[1].id,
        file.users[0].access_keys[1].id
    );
    assert!(again.users[0].access_keys[0].secret.is_none());
    assert!(!write(&file).contains(SECRET));
}

#[test]
fn what_is_not_a_principals_file_is_refused_and_the_line_named() {
    let user = "[[user]]\nname = \"u\"\n";
    let cases = [
        (String::new(), "line 1: a principals file has 1 to 10,000"),
        ("[[user]]\n".to_owned(), "line 1: missing field `name`"),
        (
            format!("{user}colour = 1"),
            "line 3: unknown field `colour`",
        ),
        (format!("{user}[[users]]"), "unknown field `users`"),
        (format!("{user}x"), "line 3: "),
        (format!("{user}account = \"1\""), "line 3: "),
        (format!("{user}path = \"a\""), "line 3: "),
        (
            format!("{user}\n[[user]]\nname = \"U\""),
            "line 4: the user U stands twice",
        ),
        (
            "[[policy]]\nname = \"p\"".to_owned(),
            "line 1: the policy p needs either text or file",
        ),
        (
            "[[policy]]\nname = \"p\"\ntext = \"{}\"\nfile = \"p\"".to_owned(),
            "needs either text or file",
        ),
        (
            "[[policy]]\nname = \"p\"\nfile = \"none\"".to_owned(),
            "file \"none\" is not there",
        ),
        (
            "[[role]]\nname = \"r\"".to_owned(),
            "needs either trust or trust_file",
        ),
    ];
    refuses(&cases);
}

#[test]
fn what_an_entity_cannot_be_is_refused() {
    let user = "[[user]]\nname = \"u\"\n";
    let key = |members: &str| format!("{user}access_keys = [{{ {members} }}]");
    let id = "id = \"AKIAIOSFODNN7EXAMPLE\"";
    refuses(&[
        (
            format!("{user}inline = [{{ name = \"i\" }}]"),
            "the inline policy i needs either",
        ),
        (
            format!(
                "{user}inline = [{{ name = \"i\", text = \"\" }}, {{ name = \"i\", text = \"\" }}]"
            ),
            "stands twice",
        ),
        (
            format!("{user}policies = [\"arn:aws:iam::1:policy/p\"]"),
            "line 3: ",
        ),
        (
            key("id = \"ASIAIOSFODNN7EXAMPLE\""),
            "temporary credentials",
        ),
        (key("id = \"AKIA\""), "line 3: "),
        (key(&format!("{id} }}, {{ {id}")), "stands twice"),
        (
            key(&format!("{id}, secret_file = \"none\"")),
            "line 1: the user u: the secret_file of AKIAIOSFODNN7EXAMPLE is not there",
        ),
        (
            key(&format!("{id}, secret_file = \"short\"")),
            "no secret access key",
        ),
        (
            "[[oidc_provider]]\naudiences = []".to_owned(),
            "missing field `url`",
        ),
        (
            "[[role]]\nname = \"r\"\ntrust = \"\"\nmax_session_duration = -1".to_owned(),
            "line 4: ",
        ),
    ]);
}

/// Each text is refused with these words.
pub(super) fn refuses(cases: &[(String, &str)]) {
    for (text, words) in cases {
        let said = refusal(text);
        assert!(said.contains(words), "{text}: {said}");
    }
}

#[test]
fn no_error_tells_what_could_be_a_secret() {
    let user = "[[user]]\nname = \"u\"\n";
    let id = "id = \"AKIAIOSFODNN7EXAMPLE\"";
    for members in [
        format!("{id}, secret = \"{SECRET}\""),
        format!("{id}, secret_file = [\"{SECRET}\"]"),
        format!("{id}, secret_file = \"{SECRET}\""),
        format!("id = \"{SECRET}\""),
        format!("{id}, active = \"{SECRET}\""),
        format!("{id}, secret_file = \"short\""),
        format!("{id}, secret_file = \"{SECRET}"),
    ] {
        let said = refusal(&format!("{user}access_keys = [{{ {members} }}]"));
        assert!(
            !said.contains("wJal") && !said.contains("hunter2"),
            "{said}"
        );
    }
    let said = refusal(&format!("{user}access_keys = \"{SECRET}\""));
    assert!(!said.contains("wJal"), "{said}");
    let said = refusal(&format!("[organization]\npolicy_types = [\"{SECRET}\"]"));
    assert!(!said.contains("wJal"), "{said}");
    let said = format!("{:?}", read(WHOLE));
    assert!(!said.contains("wJal"), "{said}");
}

#[test]
fn what_is_too_much_is_refused() {
    assert!(refusal(&" ".repeat(MAX_FILE + 1)).contains("4 MiB"));
    let many: String = (0..=MAX_ENTITIES)
        .map(|number| format!("[[user]]\nname = \"u{number}\"\n"))
        .collect();
    assert!(refusal(&many).contains("10,000"));
    let long = format!(
        "[[policy]]\nname = \"p\"\ntext = \"{}\"",
        "x".repeat(MAX_DOCUMENT + 1)
    );
    assert!(refusal(&long).contains("128 KiB"));
}
