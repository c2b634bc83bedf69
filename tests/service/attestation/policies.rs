//! Conditions on what is attested.

use super::authority::registers;
use super::*;

/// A key whose policy lets nobody but Alice's attested workload use it.
fn guarded(fixture: &Fixture, condition: &str) -> (String, CallContext) {
    let name = format!("alice{}", fixture.lines().len());
    let alice = fixture.user(&name);
    let arn = alice.caller.principal().arn();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:root"}},
              "Action":["kms:PutKeyPolicy","kms:DescribeKey"],"Resource":"*"}},
            {{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"kms:*","Resource":"*",
              "Condition":{condition}}}]}}"#
    );
    let made = fixture.send(CreateKeyRequest {
        policy: Some(policy),
        ..CreateKeyRequest::default()
    });
    (made.unwrap().key_metadata.arn.to_string(), alice)
}

fn allowed(
    fixture: &Fixture,
    guarded: &(String, CallContext),
    recipient: Option<RecipientInfo>,
) -> bool {
    let request = GenerateDataKeyRequest {
        key_id: Some(guarded.0.clone()),
        number_of_bytes: Some(32),
        recipient,
        ..GenerateDataKeyRequest::default()
    };
    match fixture.send_as(&guarded.1, request) {
        Ok(answer) => {
            assert!(answer.plaintext.is_empty() || answer.ciphertext_for_recipient.is_none());
            true
        }
        Err(error) => {
            assert_eq!(error.code().as_str(), "AccessDeniedException");
            false
        }
    }
}

/// Registers of this value, in an enclave or a NitroTPM.
fn with(member: &'static str, values: &[(u64, Vec<u8>)]) -> Option<RecipientInfo> {
    let claims = CHAIN.1.claims(&ENCLAVE.public).without("pcrs");
    recipient(
        CHAIN
            .1
            .sign(&claims.with(member, registers(values)).encode()),
    )
}

fn equals(key: &str, value: &str) -> String {
    format!(r#"{{"StringEqualsIgnoreCase":{{"kms:RecipientAttestation:{key}":"{value}"}}}}"#)
}

#[test]
fn a_key_answers_the_image_of_its_policy_alone() {
    let fixture = Fixture::trusting();
    let image = "AB".repeat(48);
    let right = || with("pcrs", &[(0, vec![0xab; 48]), (31, vec![0x31; 48])]);
    for (name, value) in [
        ("ImageSha384", image.as_str()),
        ("imagesha384", &image),
        ("PCR0", &image),
        ("pcr0", &image),
        ("PCR31", &"31".repeat(48)),
    ] {
        let key = guarded(&fixture, &equals(name, value));
        assert!(allowed(&fixture, &key, right()), "{name}");
        assert!(!allowed(&fixture, &key, None), "{name}");
        assert!(
            !allowed(&fixture, &key, with("pcrs", &[(0, vec![0xac; 48])])),
            "{name}"
        );
        assert!(
            !allowed(&fixture, &key, with("pcrs", &[(1, vec![0xab; 48])])),
            "{name}"
        );
        assert!(
            !allowed(
                &fixture,
                &key,
                with("nitrotpm_pcrs", &[(0, vec![0xab; 48])])
            ),
            "{name}"
        );
        fixture
            .send_as(
                &key.1,
                DescribeKeyRequest {
                    key_id: Some(key.0.clone()),
                    ..DescribeKeyRequest::default()
                },
            )
            .unwrap_err();
    }
}

#[test]
fn hexadecimal_is_in_lower_case() {
    let fixture = Fixture::trusting();
    let exactly = |value: &str| {
        format!(r#"{{"StringEquals":{{"kms:RecipientAttestation:PCR4":"{value}"}}}}"#)
    };
    let right = || with("pcrs", &[(4, vec![0xab; 48])]);
    let lower = guarded(&fixture, &exactly(&"ab".repeat(48)));
    assert!(allowed(&fixture, &lower, right()));
    let upper = guarded(&fixture, &exactly(&"AB".repeat(48)));
    assert!(!allowed(&fixture, &upper, right()));
}

#[test]
fn a_key_answers_the_nitro_tpm_of_its_policy_alone() {
    let fixture = Fixture::trusting();
    let value = "07".repeat(48);
    let key = guarded(&fixture, &equals("NitroTPMPCR7", &value));
    assert!(allowed(
        &fixture,
        &key,
        with("nitrotpm_pcrs", &[(7, vec![7; 48])])
    ));
    assert!(!allowed(
        &fixture,
        &key,
        with("nitrotpm_pcrs", &[(7, vec![8; 48])])
    ));
    assert!(!allowed(&fixture, &key, with("pcrs", &[(7, vec![7; 48])])));
    assert!(!allowed(&fixture, &key, None));
}

#[test]
fn names_that_are_no_register_have_no_value() {
    let fixture = Fixture::trusting();
    let value = "07".repeat(48);
    let all = || {
        let all: Vec<_> = (0..32).map(|index| (index, vec![7; 48])).collect();
        [with("pcrs", &all), with("nitrotpm_pcrs", &all)]
    };
    for name in [
        "PCR32",
        "PCR00",
        "PCR+1",
        "PCR",
        "PCR-1",
        "PCR256",
        "NitroTPMPCR24",
        "NitroTPMPCR",
        "x",
    ] {
        let key = guarded(&fixture, &equals(name, &value));
        for recipient in all() {
            assert!(!allowed(&fixture, &key, recipient), "{name}");
        }
    }
}

#[test]
fn a_condition_asks_for_a_document_by_null() {
    let fixture = Fixture::trusting();
    let null =
        |value: bool| format!(r#"{{"Null":{{"kms:RecipientAttestation:ImageSha384":"{value}"}}}}"#);
    let attested_only = guarded(&fixture, &null(false));
    assert!(allowed(&fixture, &attested_only, attested()));
    assert!(!allowed(&fixture, &attested_only, None));
    let others = guarded(&fixture, &null(true));
    assert!(!allowed(&fixture, &others, attested()));
    assert!(allowed(&fixture, &others, None));
}

#[test]
fn a_document_that_is_not_believed_never_reaches_a_policy() {
    let fixture = Fixture::trusting();
    let key = guarded(&fixture, &equals("PCR4", &"04".repeat(48)));
    let mut forged = CHAIN.1.document(&ENCLAVE.public);
    *forged.last_mut().unwrap() ^= 1;
    let request = GenerateDataKeyRequest {
        key_id: Some(key.0.clone()),
        number_of_bytes: Some(32),
        recipient: recipient(forged),
        ..GenerateDataKeyRequest::default()
    };
    assert_eq!(
        code(fixture.send_as(&key.1, request)),
        "ValidationException"
    );
    assert!(allowed(&fixture, &key, attested()));
}

#[test]
fn a_denied_request_tells_the_ledger_whom_it_was_for() {
    let fixture = Fixture::trusting();
    let key = guarded(&fixture, &equals("PCR4", &"05".repeat(48)));
    assert!(!allowed(&fixture, &key, attested()));
    let line = fixture.lines().pop().unwrap();
    assert_eq!(line["errorCode"], "AccessDenied");
    let recipient = &line["additionalEventData"]["recipient"];
    assert_eq!(recipient["attestationDocumentEnclavePCR4"], "04".repeat(48));
}
