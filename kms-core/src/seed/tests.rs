use super::*;
use crate::api::KeyUsage;

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn key(members: &str) -> String {
    format!("[[keys]]\nid = \"{ID}\"\n{members}\n")
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_key_needs_an_id_and_nothing_else() {
    let keys = parse(&key("")).unwrap();
    let [only] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!(only.id.to_string(), ID);
    assert_eq!(only.kind, KeyKind::default());
    assert!(only.enabled && only.aliases.is_empty() && only.material.is_none());
}

#[test]
fn every_member_is_read() {
    let text = key(r#"
        region = "eu-west-1"
        spec = "HMAC_256"
        usage = "GENERATE_VERIFY_MAC"
        description = "d"
        enabled = false
        aliases = ["alias/a", "alias/b"]
        policy = "{}"
        tags = { team = "x" }
        material = "AQIDBA==""#);
    let keys = parse(&text).unwrap();
    let only = &keys[0];
    assert_eq!(only.region.as_ref().unwrap().as_str(), "eu-west-1");
    assert_eq!(only.kind.usage, KeyUsage::GenerateVerifyMac);
    assert!(!only.enabled);
    assert_eq!(only.aliases.len(), 2);
    assert_eq!(only.policy.as_deref(), Some("{}"));
    assert_eq!(only.tags["team"], "x");
    assert_eq!(only.material.as_ref().unwrap().expose(), [1, 2, 3, 4]);
}

#[test]
fn what_is_not_a_seed_file_is_refused_and_the_place_named() {
    for (text, words) in [
        (String::new(), "1 to 100,000 keys"),
        ("keys = []".to_owned(), "1 to 100,000 keys"),
        ("[[keys]]\n".to_owned(), "line 1: missing field `id`"),
        (key("colour = 1"), "line 3: unknown field `colour`"),
        (key("x"), "line 3: "),
        (key(r#"spec = "RSA_2048""#), "needs a usage"),
        (key(r#"usage = "SIGN_VERIFY""#), "needs a spec"),
        (key(r#"spec = "RSA_1024""#), "there is no spec RSA_1024"),
        (
            key("spec = \"HMAC_256\"\nusage = \"SIGN_VERIFY\""),
            "cannot have usage SIGN_VERIFY",
        ),
        (
            key("spec = \"SM2\"\nusage = \"GENERATE_VERIFY_MAC\""),
            "SM2 cannot",
        ),
        (
            key("spec = \"ML_DSA_44\"\nusage = \"SIGN_VERIFY\"\nmaterial = \"AAAA\""),
            "takes no material",
        ),
        (key(r#"region = "x""#), "x is not a Region"),
        (key(r#"aliases = ["x"]"#), "write alias/NAME"),
        (key(r#"aliases = ["alias/aws/s3"]"#), "reserved"),
        (key(r#"aliases = ["alias/a", "alias/a"]"#), "stands twice"),
        (key(r#"tags = { "aws:x" = "1" }"#), "reserved"),
        (key(r#"tags = { "KMS:seeded" = "1" }"#), "reserved"),
        (key(r#"tags = { "" = "1" }"#), "1 to 128"),
        (format!("{}{}", key(""), key("")), "it stands twice"),
    ] {
        let said = refusal(&text);
        assert!(said.contains(words), "{said}");
    }
    let upper = key("")
        .to_uppercase()
        .replace("KEYS", "keys")
        .replace("ID =", "id =");
    assert!(refusal(&upper).contains("lower case"));
    let multi_region = key("").replace(ID, "mrk-1234abcd12ab34cd56ef1234567890ab");
    assert!(refusal(&multi_region).contains("not a UUID"));
}

#[test]
fn one_id_may_stand_in_two_regions_and_one_alias_too() {
    let here = key(r#"aliases = ["alias/a"]"#);
    let there = key("region = \"eu-west-1\"\naliases = [\"alias/a\"]");
    assert_eq!(parse(&format!("{here}{there}")).unwrap().len(), 2);
}

#[test]
fn no_error_and_no_debug_output_tells_material() {
    let said = refusal(&key(r#"material = "c2VjcmV0*""#));
    assert!(
        said.contains("not base64") && !said.contains("c2Vj"),
        "{said}"
    );
    let said = refusal(&key("material = \"c2VjcmV0\"\ncolour = 1"));
    assert!(!said.contains("c2Vj"), "{said}");
    let said = refusal(&key("material = \"c2VjcmV0"));
    assert!(!said.contains("c2Vj"), "{said}");
    for unquoted in [
        "4815162342",
        "48.15162342",
        "c2VjcmV0",
        "4815162342c2VjcmV0=",
    ] {
        let said = refusal(&key(&format!("material = {unquoted}")));
        let told = ["4815", "48.15", "c2Vj"]
            .iter()
            .any(|part| said.contains(part));
        assert!(said.starts_with("line 3: ") && !told, "{said}");
    }
    let keys = parse(&key(r#"material = "c2VjcmV0""#)).unwrap();
    assert!(!format!("{keys:?}").contains("secret"));
}
