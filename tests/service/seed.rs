//! Seed files: keys with fixed ids, made once and left as the file says.

use kms_core::seed;
use kms_core::service::{ApplySeedRequest, MarkProductionRequest, SeedOutcome, groups};

use super::*;

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const MATERIAL: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn file(members: &str) -> String {
    format!("[[keys]]\nid = \"{ID}\"\n{members}\n")
}

/// How many keys were made, changed and left.
fn counts(outcome: &SeedOutcome) -> (usize, usize, usize) {
    let (made, changed) = (outcome.created.len(), outcome.changed.len());
    (made, changed, outcome.unchanged.len())
}

impl Fixture {
    pub(super) fn apply(&self, text: &str) -> Result<SeedOutcome, Error> {
        self.apply_as(text, false)
    }

    fn apply_as(&self, text: &str, in_production: bool) -> Result<SeedOutcome, Error> {
        let mut all = SeedOutcome::default();
        for keys in groups(seed::parse(text).unwrap()) {
            let part = self.send(ApplySeedRequest {
                keys,
                in_production,
            })?;
            all.created.extend(part.created);
            all.changed.extend(part.changed);
            all.unchanged.extend(part.unchanged);
        }
        Ok(all)
    }

    #[track_caller]
    fn apply_refused(&self, text: &str, words: &str) {
        let said = self.apply(text).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }

    fn opens(&self, ciphertext: Blob) -> bool {
        self.send(DecryptRequest {
            ciphertext_blob: Some(ciphertext),
            ..DecryptRequest::default()
        })
        .is_ok()
    }
}

#[test]
fn a_seeded_key_works_under_its_id_and_alias_and_is_there_after_reopening() {
    let mut service = Fixture::new();
    let text = file("aliases = [\"alias/app\"]\ndescription = \"d\"\ntags = { team = \"x\" }");
    assert_eq!(counts(&service.apply(&text).unwrap()), (1, 0, 0));
    let sealed = service.send(encrypt("alias/app", &[])).unwrap();
    service.reopen();
    assert!(service.opens(sealed.ciphertext_blob));
    let named = |key_id: &str| DescribeKeyRequest {
        key_id: Some(key_id.to_owned()),
        ..DescribeKeyRequest::default()
    };
    let metadata = service.send(named(ID)).unwrap().key_metadata;
    assert_eq!(metadata.description, "d");
    let tags = service
        .send(ListResourceTagsRequest {
            key_id: Some(ID.to_owned()),
            ..ListResourceTagsRequest::default()
        })
        .unwrap()
        .tags;
    let keys: Vec<_> = tags.iter().map(|tag| tag.tag_key.as_str()).collect();
    assert_eq!(keys, ["kms:seeded", "team"]);
}

#[test]
fn a_file_applied_twice_changes_nothing_and_writes_no_second_revision() {
    let service = Fixture::new();
    let text = file(&format!(
        "material = \"{MATERIAL}\"\naliases = [\"alias/a\"]"
    ));
    service.apply(&text).unwrap();
    assert_eq!(counts(&service.apply(&text).unwrap()), (0, 0, 1));
    let last = service.lines().pop().unwrap();
    assert_eq!(last["eventName"], "ApplySeed");
    assert!(last["additionalEventData"]["storeRevision"].is_null());
}

#[test]
fn a_changed_file_changes_the_key_and_never_its_material() {
    let service = Fixture::new();
    service.apply(&file("")).unwrap();
    let sealed = service.send(encrypt(ID, &[])).unwrap().ciphertext_blob;
    let text = file("enabled = false\ndescription = \"e\"\naliases = [\"alias/a\"]");
    assert_eq!(counts(&service.apply(&text).unwrap()), (0, 1, 0));
    assert!(matches!(
        service.send(encrypt(ID, &[])),
        Err(Error::Disabled(_))
    ));
    assert_eq!(counts(&service.apply(&file("")).unwrap()), (0, 1, 0));
    assert!(service.opens(sealed));
    service.send(encrypt("alias/a", &[])).unwrap();
}

#[test]
fn one_material_in_two_stores_opens_in_both() {
    let (here, there) = (Fixture::new(), Fixture::new());
    let text = file(&format!("material = \"{MATERIAL}\""));
    here.apply(&text).unwrap();
    there.apply(&text).unwrap();
    let sealed = here.send(encrypt(ID, &[])).unwrap();
    assert!(there.opens(sealed.ciphertext_blob));
    let apart = Fixture::new();
    apart.apply(&file("")).unwrap();
    let sealed = here.send(encrypt(ID, &[])).unwrap();
    assert!(!apart.opens(sealed.ciphertext_blob));
}

#[test]
fn material_of_every_kind_is_taken_and_of_another_refused() {
    use kms_core::crypto::asymmetric::generate;
    let pair = generate(KeySpec::EccNistP256, &SystemRandom).unwrap();
    let private = base64(pair.private.expose());
    let service = Fixture::new();
    let ecc = |spec: &str| {
        file(&format!(
            "spec = \"{spec}\"\nusage = \"SIGN_VERIFY\"\nmaterial = \"{private}\""
        ))
    };
    service.apply_refused(&ecc("ECC_NIST_P384"), "not of spec ECC_NIST_P384");
    service.apply(&ecc("ECC_NIST_P256")).unwrap();
    let public = service
        .send(GetPublicKeyRequest {
            key_id: Some(ID.to_owned()),
            ..GetPublicKeyRequest::default()
        })
        .unwrap();
    assert_eq!(public.public_key.as_slice(), pair.public);
    let other = "00000000-0000-0000-0000-000000000000";
    let mac = file("spec = \"HMAC_256\"\nusage = \"GENERATE_VERIFY_MAC\"").replace(ID, other);
    service.apply_refused(&format!("{mac}material = \"AAAA\""), "not of spec HMAC_256");
    service
        .apply(&format!("{mac}material = \"{MATERIAL}\""))
        .unwrap();
}

#[test]
fn what_a_file_must_not_do_is_refused_and_leaves_the_key_as_it_was() {
    let service = Fixture::new();
    let key = service.create_key();
    let own = key.rsplit('/').next().unwrap();
    service.apply_refused(&file("").replace(ID, own), "made by no seed file");
    service.apply_refused(&file("policy = \"{}\""), "policy that cannot be");
    let foreign = r#"policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/nobody"},"Action":"kms:*","Resource":"*"}]}'"#;
    service.apply_refused(&file(foreign), "invalid principals");
    service
        .apply(&file(&format!("material = \"{MATERIAL}\"")))
        .unwrap();
    let other = MATERIAL.replace("AAEC", "AQEC");
    service.apply_refused(
        &file(&format!("material = \"{other}\"")),
        "another material",
    );
    let mac = "spec = \"HMAC_256\"\nusage = \"GENERATE_VERIFY_MAC\"";
    service.apply_refused(&file(mac), "another spec");
    service
        .send(CreateAliasRequest {
            alias_name: Some("alias/taken".to_owned()),
            target_key_id: Some(key),
        })
        .unwrap();
    service.apply_refused(&file("aliases = [\"alias/taken\"]"), "which points to key");
    service
        .send(ScheduleKeyDeletionRequest {
            key_id: Some(ID.to_owned()),
            ..ScheduleKeyDeletionRequest::default()
        })
        .unwrap();
    service.apply_refused(&file(""), "pending deletion");
}

#[test]
fn a_store_of_production_takes_a_seed_only_when_that_is_meant() {
    let mut service = Fixture::new();
    service.send(MarkProductionRequest).unwrap();
    service.apply_refused(&file(""), "one of production");
    service.reopen();
    service.send(MarkProductionRequest).unwrap();
    service.apply_refused(&file(""), "one of production");
    assert_eq!(
        counts(&service.apply_as(&file(""), true).unwrap()),
        (1, 0, 0)
    );
}

#[test]
fn nobody_marks_a_key_over_the_wire_or_takes_the_mark_away() {
    let service = Fixture::new();
    service.apply(&file("")).unwrap();
    let mark = || {
        Some(vec![RequestTag {
            tag_key: Some(seed::MARK.to_owned()),
            tag_value: Some("true".to_owned()),
        }])
    };
    let created = service.send(CreateKeyRequest {
        tags: mark(),
        ..CreateKeyRequest::default()
    });
    assert_eq!(code(created), "TagException");
    let key = service.create_key();
    let tagged = service.send(TagResourceRequest {
        key_id: Some(key),
        tags: mark(),
    });
    assert_eq!(code(tagged), "TagException");
    let untagged = service.send(UntagResourceRequest {
        key_id: Some(ID.to_owned()),
        tag_keys: Some(vec![seed::MARK.to_owned()]),
    });
    assert_eq!(code(untagged), "TagException");
    assert_eq!(counts(&service.apply(&file("")).unwrap()), (0, 0, 1));
}

#[test]
fn an_id_and_an_alias_stand_once_in_a_region_also_where_it_is_the_store_s_own() {
    let service = Fixture::new();
    let own = service.engine().default_account().unwrap().default_region;
    let here = format!("region = \"{own}\"\n");
    let twice = file("") + &file(&here);
    service.apply_refused(&twice, "stands twice");
    let other = file(&format!("{here}aliases = [\"alias/a\"]"));
    let other = other.replace(ID, "00000000-0000-0000-0000-00000000000a");
    let twice = file("aliases = [\"alias/a\"]") + &other;
    service.apply_refused(&twice, "stands twice");
}

#[test]
fn the_record_names_the_keys_and_tells_no_material() {
    let service = Fixture::new();
    let text = file(&format!(
        "material = \"{MATERIAL}\"\naliases = [\"alias/a\"]"
    ));
    service.apply(&text).unwrap();
    let last = service.lines().pop().unwrap();
    let key = &last["requestParameters"]["keys"][0];
    assert_eq!(key["keyId"], ID);
    assert_eq!(key["aliases"][0], "alias/a");
    assert_eq!(key["materialGiven"], true);
    assert!(!last.to_string().contains("AAEC"));
}

#[test]
fn a_long_file_is_applied_in_groups_that_each_fit_a_record() {
    let service = Fixture::new();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}]}}"#,
        "x".repeat(4000)
    );
    let keys: Vec<String> = (0..40)
        .map(|number| {
            let id = format!("00000000-0000-0000-0000-{number:012}");
            file(&format!("policy = '{policy}'")).replace(ID, &id)
        })
        .collect();
    assert_eq!(counts(&service.apply(&keys.concat()).unwrap()), (40, 0, 0));
    let rsa = file("spec = \"RSA_2048\"\nusage = \"SIGN_VERIFY\"");
    let another = file("").replace(ID, "00000000-0000-0000-0000-00000000000a");
    let sizes: Vec<usize> = groups(seed::parse(&(rsa + &another)).unwrap())
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(
        sizes,
        [1, 1],
        "a pair that takes its time is made by itself"
    );
}

fn base64(bytes: &[u8]) -> String {
    let text = serde_json::to_string(&Blob::from(bytes.to_vec())).unwrap();
    text.trim_matches('"').to_owned()
}
