//! Records, materials and secrets open where they were sealed, and nowhere else.

use super::*;
use crate::crypto::random::SystemRandom;

const PLACE: Place<'static> = Place {
    path: "key/a",
    revision: 7,
    kind: RecordKind::Key,
};

fn barrier() -> (RootKeyRing, Barrier) {
    let ring = RootKeyRing::generate([7; 16], &SystemRandom).unwrap();
    let barrier = Barrier::new(&ring).unwrap();
    (ring, barrier)
}

#[test]
fn a_record_opens_at_its_own_place_only() {
    let (ring, barrier) = barrier();
    let sealed = barrier.seal(PLACE, b"body", &SystemRandom).unwrap();
    assert_eq!(sealed.len(), 4 + OVERHEAD);
    assert_eq!(barrier.open(PLACE, &sealed).unwrap().expose(), b"body");
    let elsewhere = [
        Place {
            path: "key/b",
            ..PLACE
        },
        Place {
            path: "key/",
            ..PLACE
        },
        Place {
            revision: 6,
            ..PLACE
        },
        Place {
            revision: 8,
            ..PLACE
        },
        Place {
            kind: RecordKind::Alias,
            ..PLACE
        },
    ];
    for place in elsewhere {
        assert_eq!(
            barrier.open(place, &sealed).unwrap_err(),
            BarrierError::Altered
        );
    }
    let mut bytes = ring.to_bytes().unwrap().expose().to_vec();
    bytes[1] ^= 1;
    let other_store = Barrier::new(&RootKeyRing::parse(&bytes).unwrap()).unwrap();
    assert_eq!(
        other_store.open(PLACE, &sealed).unwrap_err(),
        BarrierError::Altered
    );
}

#[test]
fn every_altered_bit_and_every_cut_is_refused() {
    let (_ring, barrier) = barrier();
    let sealed = barrier.seal(PLACE, b"body", &SystemRandom).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(barrier.open(PLACE, &altered).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(barrier.open(PLACE, &sealed[..length]).is_err(), "{length}");
    }
}

#[test]
fn an_old_generation_still_opens_and_an_unknown_one_is_named() {
    let (mut ring, old) = barrier();
    let sealed = old.seal(PLACE, b"body", &SystemRandom).unwrap();
    ring.rotate(&SystemRandom).unwrap();
    let new = Barrier::new(&ring).unwrap();
    assert_eq!(new.open(PLACE, &sealed).unwrap().expose(), b"body");
    let resealed = new.seal(PLACE, b"body", &SystemRandom).unwrap();
    assert_eq!(Barrier::generation_of(&resealed), Ok(2));
    assert_eq!(
        old.open(PLACE, &resealed).unwrap_err(),
        BarrierError::UnknownGeneration(2)
    );
}

#[test]
fn a_material_opens_as_this_material_of_this_key_only() {
    let (_ring, barrier) = barrier();
    let (key, other_key) = (KeyId::uuid_from_random(1), KeyId::uuid_from_random(2));
    let id: KeyMaterialId = "a".repeat(64).parse().unwrap();
    let other_id: KeyMaterialId = "b".repeat(64).parse().unwrap();
    let material = Secret::build(|bytes| bytes.fill(9));
    let wrapped = barrier
        .wrap_material(&key, &id, &material, &SystemRandom)
        .unwrap();
    let opened = barrier.unwrap_material(&key, &id, &wrapped).unwrap();
    assert_eq!(opened.expose(), &[9; 32]);
    for (key, id) in [(&other_key, &id), (&key, &other_id)] {
        let refused = barrier.unwrap_material(key, id, &wrapped).unwrap_err();
        assert_eq!(refused, BarrierError::Altered);
    }
    assert!(barrier.open(PLACE, &wrapped).is_err());
}

#[test]
fn a_secret_opens_as_this_material_of_this_key_and_spec_only() {
    let (_ring, barrier) = barrier();
    let (key, other_key) = (KeyId::uuid_from_random(1), KeyId::uuid_from_random(2));
    let id: KeyMaterialId = "a".repeat(64).parse().unwrap();
    let other_id: KeyMaterialId = "b".repeat(64).parse().unwrap();
    let place = SecretPlace {
        key: &key,
        material_id: &id,
        spec: KeySpec::Hmac256,
    };
    let wrapped = barrier.wrap_secret(place, &[9; 32], &SystemRandom).unwrap();
    let opened = barrier.unwrap_secret(place, &wrapped).unwrap();
    assert_eq!(opened.expose(), &[9; 32]);
    let elsewhere = [
        SecretPlace {
            key: &other_key,
            ..place
        },
        SecretPlace {
            material_id: &other_id,
            ..place
        },
        SecretPlace {
            spec: KeySpec::Hmac384,
            ..place
        },
    ];
    for place in elsewhere {
        let refused = barrier.unwrap_secret(place, &wrapped).unwrap_err();
        assert_eq!(refused, BarrierError::Altered);
    }
    // Nor does a symmetric material pass for one, or the reverse.
    assert!(barrier.unwrap_material(&key, &id, &wrapped).is_err());
    let material = Secret::build(|bytes| bytes.fill(9));
    let wrapped = barrier
        .wrap_material(&key, &id, &material, &SystemRandom)
        .unwrap();
    assert!(barrier.unwrap_secret(place, &wrapped).is_err());
}

#[test]
fn the_keys_of_different_purposes_and_generations_differ() {
    let (mut ring, first) = barrier();
    ring.rotate(&SystemRandom).unwrap();
    let second = Barrier::new(&ring).unwrap();
    let (a, b) = (first.ledger_seed().unwrap(), second.ledger_seed().unwrap());
    assert_ne!(a.expose(), b.expose());
    let element = |generation| second.set_element(generation, "a", 1, &[0; 28]).unwrap();
    assert_ne!(element(1), element(2));
    assert!(first.set_element(2, "a", 1, &[0; 28]).is_err());
}
