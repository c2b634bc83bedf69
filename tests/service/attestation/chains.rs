//! Chains of certificates: whom they may come from, and what each certificate must allow.

use kms_core::attestation::{Refusal, RootFault, TrustedRoots};
use rcgen::{
    CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};

use super::authority::{Link, authority, bytes, head, leaf, pem};
use super::*;

fn outcome(root: &Link, signer: &Link) -> Result<(), String> {
    let document = signer.document(&ENCLAVE.public);
    verify(&document, &root.trusted(), NOW)
        .map(|_| ())
        .map_err(|refusal| refusal.to_string())
}

const REFUSED: &str = "The certificate chain of the attestation document is not valid: \
                       a certificate does not verify.";
const EXPIRED: &str = "The certificate chain of the attestation document is not valid: \
                       a certificate has expired or is not yet valid.";
const UNKNOWN: &str = "The certificate chain of the attestation document is not valid: \
                       its first certificate is not a root that this service trusts.";

fn refused(words: &str) -> Result<(), String> {
    Err(words.to_owned())
}

#[test]
fn a_chain_ends_at_a_root_that_is_trusted() {
    let (root, signer) = chain();
    assert_eq!(outcome(&root, &signer), Ok(()));
    let (other, _) = chain();
    assert_eq!(outcome(&other, &signer), refused(UNKNOWN));
    let mut both = other.trusted();
    both.add_pem(pem(&root.der).as_bytes()).unwrap();
    let document = signer.document(&ENCLAVE.public);
    assert!(verify(&document, &both, NOW).is_ok());
    let none = verify(&document, &TrustedRoots::default(), NOW);
    assert_eq!(none.unwrap_err().to_string(), UNKNOWN);
    let direct = root.issue(leaf("leaf"));
    assert_eq!(outcome(&root, &direct), Ok(()));
}

#[test]
fn a_bundle_begins_with_the_root_and_has_no_other_certificate_than_the_path() {
    let (root, signer) = chain();
    let region = root.issue(authority("other", None)).der;
    let good: Vec<Vec<u8>> = signer.above().to_vec();
    let [first, second, third] = [&good[0], &good[1], &good[2]];
    for (bundle, words) in [
        (vec![second, third], UNKNOWN),
        (vec![third, second, first], UNKNOWN),
        (vec![first, third], REFUSED),
        (vec![first, second], REFUSED),
        (vec![first], REFUSED),
        (vec![first, third, second], REFUSED),
        (vec![first, second, third, &region], REFUSED),
        (vec![first, &region, second, third], REFUSED),
        (vec![first, second, second, third], REFUSED),
        (vec![first, first, second, third], REFUSED),
    ] {
        let encoded: Vec<Vec<u8>> = bundle.iter().map(|der| bytes(der)).collect();
        let value = [head(4, bundle.len() as u64), encoded.concat()].concat();
        let claims = signer.claims(&ENCLAVE.public).with("cabundle", value);
        let document = signer.sign(&claims.encode());
        let found = verify(&document, &root.trusted(), NOW).unwrap_err();
        assert_eq!(found.to_string(), words, "{}", bundle.len());
    }
}

#[test]
fn an_impostor_with_the_name_of_an_authority_is_refused() {
    let (root, _) = chain();
    // The same names and another key: the bundle's root is the real one, the chain is not.
    let impostor = Link::root(authority("root", None));
    let signer = impostor.issue(leaf("leaf"));
    let value = [head(4, 1), bytes(&root.der)].concat();
    let claims = signer.claims(&ENCLAVE.public).with("cabundle", value);
    let document = signer.sign(&claims.encode());
    let found = verify(&document, &root.trusted(), NOW).unwrap_err();
    assert_eq!(found.to_string(), REFUSED);
}

#[test]
fn no_two_authorities_of_a_chain_have_one_name() {
    // Were it else, a forger's bundle could have one path to try for each order of its certificates.
    let root = Link::root(authority("root", None));
    let region = || authority("region", None);
    let twice = root.issue(region()).issue(region()).issue(leaf("leaf"));
    assert_eq!(outcome(&root, &twice), refused(REFUSED));
    let as_root = root.issue(authority("root", None)).issue(leaf("leaf"));
    assert_eq!(outcome(&root, &as_root), refused(REFUSED));
}

#[test]
fn every_certificate_is_valid_now() {
    for place in 0..3 {
        for (from, to) in [(2020, 2026), (2028, 2030)] {
            let dated = |mut params: rcgen::CertificateParams, this| {
                if place == this {
                    params.not_before = date_time_ymd(from, 1, 1);
                    params.not_after = date_time_ymd(to, 1, 1);
                }
                params
            };
            let root = Link::root(dated(authority("root", None), 0));
            let signer = root
                .issue(dated(authority("region", None), 1))
                .issue(dated(leaf("leaf"), 2));
            assert_eq!(outcome(&root, &signer), refused(EXPIRED), "{place} {from}");
        }
    }
}

#[test]
fn path_lengths_hold_the_roots_too() {
    let deep = |root: Option<u8>, region: Option<u8>| {
        let root = Link::root(authority("root", root));
        let zone = root
            .issue(authority("region", region))
            .issue(authority("zone", None));
        let signer = zone.issue(leaf("leaf"));
        outcome(&root, &signer)
    };
    assert_eq!(deep(None, None), Ok(()));
    assert_eq!(deep(Some(2), Some(1)), Ok(()));
    assert_eq!(deep(Some(1), Some(1)), refused(REFUSED));
    assert_eq!(deep(Some(0), None), refused(REFUSED));
    assert_eq!(deep(None, Some(0)), refused(REFUSED));
}

#[test]
fn six_authorities_may_stand_below_the_root() {
    let root = Link::root(authority("root", None));
    let mut last = root.issue(authority("1", None));
    for name in ["2", "3", "4", "5", "6"] {
        last = last.issue(authority(name, None));
    }
    assert_eq!(outcome(&root, &last.issue(leaf("leaf"))), Ok(()));
    let seventh = last.issue(authority("7", None)).issue(leaf("leaf"));
    assert_eq!(
        outcome(&root, &seventh),
        refused("The attestation document is malformed.")
    );
}

#[test]
fn authorities_certify_and_others_do_not() {
    let root = Link::root(authority("root", None));
    let mut no_usage = authority("region", None);
    no_usage.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let mut none = authority("region", None);
    none.key_usages = Vec::new();
    let mut no_authority = authority("region", None);
    no_authority.is_ca = IsCa::ExplicitNoCa;
    let mut silent = authority("region", None);
    silent.is_ca = IsCa::NoCa;
    for params in [no_usage, none, no_authority, silent] {
        let signer = root.issue(params).issue(leaf("leaf"));
        assert_eq!(outcome(&root, &signer), refused(REFUSED));
    }
}

#[test]
fn what_signs_documents_is_no_authority_and_may_sign() {
    let root = Link::root(authority("root", None));
    let mut other_usage = leaf("leaf");
    other_usage.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    let mut no_usage = leaf("leaf");
    no_usage.key_usages = Vec::new();
    let mut is_authority = authority("leaf", None);
    is_authority
        .key_usages
        .push(KeyUsagePurpose::DigitalSignature);
    let mut with_length = leaf("leaf");
    with_length.is_ca = IsCa::NoCa;
    // BasicConstraints with a path length and no cA.
    let content = vec![0x30, 0x03, 0x02, 0x01, 0x00];
    with_length.custom_extensions =
        vec![CustomExtension::from_oid_content(&[2, 5, 29, 19], content)];
    let mut unknown = leaf("leaf");
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    unknown.custom_extensions = vec![extension];
    for params in [other_usage, no_usage, is_authority, with_length, unknown] {
        assert_eq!(outcome(&root, &root.issue(params)), refused(REFUSED));
    }
    let mut silent = leaf("leaf");
    silent.is_ca = IsCa::NoCa;
    let mut extended = leaf("leaf");
    extended.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for params in [silent, extended] {
        assert_eq!(outcome(&root, &root.issue(params)), Ok(()));
    }
}

#[test]
fn every_key_is_on_p384() {
    let root = Link::root(authority("root", None));
    let region = root.issue_with(authority("region", None), &PKCS_ECDSA_P256_SHA256);
    assert_eq!(
        outcome(&root, &region.issue(leaf("leaf"))),
        refused(REFUSED)
    );
    let own = root.issue_with(leaf("leaf"), &PKCS_ECDSA_P256_SHA256);
    let claims = own.claims(&ENCLAVE.public);
    let document = CHAIN.1.sign(&claims.encode());
    let found = verify(&document, &root.trusted(), NOW).unwrap_err();
    assert_eq!(found.to_string(), REFUSED);
}

#[test]
fn certificates_that_are_none_are_refused() {
    let (root, signer) = chain();
    for der in [
        vec![1],
        vec![0x30, 0x00],
        vec![0; 1024],
        [signer.der.clone(), vec![0]].concat(),
    ] {
        let claims = signer
            .claims(&ENCLAVE.public)
            .with("certificate", bytes(&der));
        let found = verify(&signer.sign(&claims.encode()), &root.trusted(), NOW).unwrap_err();
        assert!(matches!(found, Refusal::Chain(_)), "{found}");
    }
}

#[test]
fn a_root_is_an_authority_on_p384() {
    let add = |text: &str| {
        let mut roots = TrustedRoots::default();
        let added = roots.add_pem(text.as_bytes());
        assert_eq!(roots.is_empty(), added.is_err());
        added
    };
    let good = pem(&CHAIN.0.der);
    assert_eq!(add(&good), Ok(()));
    assert_eq!(add(&format!("{good}{good}")), Ok(()));
    for text in [
        "",
        "no PEM",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        assert_eq!(add(text), Err(RootFault::NoCertificate), "{text}");
    }
    let mut no_usage = authority("root", None);
    no_usage.key_usages = Vec::new();
    let small = Link::root_with(authority("root", None), &PKCS_ECDSA_P256_SHA256);
    let leaf = Link::root(leaf("leaf"));
    for der in [leaf.der, Link::root(no_usage).der, small.der, vec![1, 2, 3]] {
        assert_eq!(add(&pem(&der)), Err(RootFault::NotAnAuthority));
        assert_eq!(
            add(&format!("{good}{}", pem(&der))),
            Err(RootFault::NotAnAuthority)
        );
    }
}
