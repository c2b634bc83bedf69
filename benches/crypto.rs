//! The primitives that a request pays for, and two other libraries on the same input.

use std::hint::black_box;

use aes_gcm::aead::{AeadInOut, KeyInit};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kms_core::ciphertext::blob::{SealingMaterial, seal};
use kms_core::ciphertext::{CiphertextBlob, EncryptionContext};
use kms_core::crypto::aead::AesGcm;
use kms_core::crypto::kdf::Prk;
use kms_core::crypto::random::{PooledRandom, Random, SystemRandom};
use kms_core::ids::KeyId;

const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [9; 12];
const AAD: [u8; 100] = [3; 100];

fn aead(criterion: &mut Criterion) {
    for (name, size) in [("32 B", 32), ("4 KiB", 4096), ("64 KiB", 65536)] {
        let mut group = criterion.benchmark_group(format!("AES-256-GCM seal {name}"));
        group.throughput(Throughput::Bytes(size as u64));
        let mut message = vec![1; size];
        let ours = AesGcm::new(&KEY).unwrap();
        group.bench_function("ours", |b| {
            b.iter(|| black_box(ours.seal_in_place(NONCE, &AAD, black_box(&mut message))))
        });
        let theirs = ring::aead::UnboundKey::new(&ring::aead::AES_256_GCM, &KEY).unwrap();
        let theirs = ring::aead::LessSafeKey::new(theirs);
        group.bench_function("ring", |b| {
            b.iter(|| {
                let nonce = ring::aead::Nonce::assume_unique_for_key(NONCE);
                let aad = ring::aead::Aad::from(&AAD);
                theirs
                    .seal_in_place_separate_tag(nonce, aad, black_box(&mut message))
                    .unwrap()
            })
        });
        let theirs = aes_gcm::Aes256Gcm::new_from_slice(&KEY).unwrap();
        group.bench_function("aes-gcm", |b| {
            b.iter(|| {
                let message = black_box(message.as_mut_slice());
                theirs
                    .encrypt_inout_detached(&NONCE.into(), &AAD, message.into())
                    .unwrap()
            })
        });
        group.finish();
    }
}

fn derivation(criterion: &mut Criterion) {
    let prk = Prk::extract(&KEY);
    criterion.bench_function("HKDF-SHA256 expand 64 B", |b| {
        b.iter(|| black_box(prk.expand::<64>(&[b"kms/v1/ciphertext", black_box(&AAD)])))
    });
}

fn randomness(criterion: &mut Criterion) {
    let mut nonce = [0; 32];
    let pooled = PooledRandom;
    criterion.bench_function("32 random bytes, pooled", |b| {
        b.iter(|| pooled.fill(black_box(&mut nonce)))
    });
    criterion.bench_function("32 random bytes, a system call each", |b| {
        b.iter(|| SystemRandom.fill(black_box(&mut nonce)))
    });
}

fn blob(criterion: &mut Criterion) {
    let prk = Prk::extract(&KEY);
    let random = PooledRandom;
    let context: EncryptionContext = [("purpose".to_owned(), "bench".to_owned())]
        .into_iter()
        .collect();
    let material = || SealingMaterial {
        key: KeyId::Uuid(1),
        tag: [2; 8],
        prk: &prk,
    };
    let sealed = seal(material(), &context, &[5; 32], &random).unwrap();
    criterion.bench_function("ciphertext blob of 32 B, seal", |b| {
        b.iter(|| seal(material(), &context, black_box(&[5; 32]), &random).unwrap())
    });
    criterion.bench_function("ciphertext blob of 32 B, open", |b| {
        b.iter(|| {
            CiphertextBlob::parse(black_box(&sealed))
                .unwrap()
                .open(&prk, &context)
                .unwrap()
        })
    });
}

criterion_group!(benches, aead, derivation, randomness, blob);
criterion_main!(benches);
