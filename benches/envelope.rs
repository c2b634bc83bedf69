//! Messages of the AWS Encryption SDK in memory, without a process or a pipe around them; and what they are
//! made of alone, by the library that does it.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA384, digest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::kdf::{HkdfHash, hkdf};
use kms_core::crypto::random::{PooledRandom, SystemRandom};
use kms_core::envelope::{
    self, CacheLimits, CachingKeyring, DataKeyCache, DecryptOptions, EncryptOptions, Encrypted,
    Place, RawAesKeyring, Sealer,
};
use kms_core::secret::SecretBytes;
use kms_core::time::SystemClock;

const KEY: [u8; 32] = [7; 32];
const FRAME: usize = 64 * 1024;

fn keyring() -> RawAesKeyring {
    let key = SecretBytes::new(KEY.to_vec());
    RawAesKeyring::new("bench", "key", &key, Arc::new(SystemRandom)).unwrap()
}

fn context() -> EncryptionContext {
    EncryptionContext::from([("tenant", "blue")])
}

/// The library's own AES-256-GCM.
fn aead() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).unwrap())
}

/// Seals `plaintext` in place as a frame is, and nothing else.
fn seal_alone(aead: &LessSafeKey, plaintext: &mut [u8]) {
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    let sealed = aead.seal_in_place_separate_tag(nonce, Aad::from([3; 72]), plaintext);
    let _tag = black_box(sealed.unwrap());
}

fn messages(criterion: &mut Criterion) {
    let (keyring, context) = (keyring(), context());
    for (name, size) in [
        ("1 KiB", 1 << 10),
        ("64 KiB", 1 << 16),
        ("16 MiB", 16 << 20),
    ] {
        let plaintext = vec![1; size];
        let mut message = Vec::new();
        let seal = |writer: &mut (dyn io::Write + Send)| {
            let options = EncryptOptions::default();
            envelope::encrypt(
                &mut plaintext.as_slice(),
                writer,
                &keyring,
                &context,
                &options,
                &PooledRandom,
            )
            .unwrap();
        };
        seal(&mut message);
        let mut group = criterion.benchmark_group(format!("message of {name}"));
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function("encrypt", |b| b.iter(|| seal(&mut io::sink())));
        group.bench_function("decrypt", |b| {
            b.iter(|| {
                let mut reader = black_box(message.as_slice());
                let options = DecryptOptions::default();
                envelope::decrypt(&mut reader, &mut io::sink(), &keyring, &options).unwrap()
            })
        });
        group.finish();
    }
}

/// 256 frames of 64 KiB as a message, and as so many calls of the library.
fn frames(criterion: &mut Criterion) {
    const FRAMES: usize = 256;
    let (keyring, context) = (keyring(), context());
    let plaintext = vec![1; FRAMES * FRAME];
    let mut group = criterion.benchmark_group("frames of 64 KiB");
    group.throughput(Throughput::Bytes(plaintext.len() as u64));
    for (name, sign) in [("encrypt", false), ("encrypt, signed", true)] {
        let options = EncryptOptions {
            sign,
            ..EncryptOptions::default()
        };
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut reader = black_box(plaintext.as_slice());
                let (mut writer, random) = (io::sink(), &PooledRandom);
                envelope::encrypt(
                    &mut reader,
                    &mut writer,
                    &keyring,
                    &context,
                    &options,
                    random,
                )
                .unwrap()
            })
        });
    }
    let (aead, mut in_place) = (aead(), plaintext.clone());
    group.bench_function("AES-256-GCM alone", |b| {
        b.iter(|| {
            for frame in in_place.chunks_exact_mut(FRAME) {
                seal_alone(&aead, black_box(frame));
            }
        })
    });
    group.bench_function("SHA-384 alone", |b| {
        b.iter(|| digest(&SHA384, black_box(&plaintext)))
    });
    group.finish();
}

/// Key and commitment of one message, and one frame: what a value cannot do without.
fn bare(plaintext: &[u8]) -> Vec<u8> {
    let (mut key, mut commitment) = ([0; 32], [0; 32]);
    let mut outputs: [(&[u8], &mut [u8]); 2] = [
        (b"\x04\x78DERIVEKEY", &mut key),
        (b"COMMITKEY", &mut commitment),
    ];
    hkdf(HkdfHash::Sha512, &[5; 32], &KEY, &mut outputs).unwrap();
    let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let mut message = [&commitment[..], plaintext].concat();
    seal_alone(&aead, &mut message[32..]);
    message
}

/// A short value: without a cache, with one, and as a value of a column.
fn values(criterion: &mut Criterion) {
    let (plaintext, context) = ([1; 100], context());
    let fresh = Sealer::new(keyring(), Arc::new(PooledRandom));
    let cache = Arc::new(DataKeyCache::new(16.try_into().unwrap()));
    let limits = CacheLimits::new(Duration::from_secs(3600)).unwrap();
    let keys = CachingKeyring::new(keyring(), cache, limits, Arc::new(SystemClock));
    let cached = Sealer::new(keys, Arc::new(PooledRandom));

    let mut group = criterion.benchmark_group("value of 100 bytes");
    group.bench_function("bare", |b| b.iter(|| bare(black_box(&plaintext))));
    group.bench_function("seal", |b| {
        b.iter(|| fresh.seal(black_box(&plaintext), &context).unwrap())
    });
    group.bench_function("seal, cached", |b| {
        b.iter(|| cached.seal(black_box(&plaintext), &context).unwrap())
    });
    let message = cached.seal(&plaintext, &context).unwrap();
    group.bench_function("open", |b| {
        b.iter(|| fresh.open(black_box(&message), &context).unwrap())
    });
    group.bench_function("open, cached", |b| {
        b.iter(|| cached.open(black_box(&message), &context).unwrap())
    });

    let place = Place::new(context.clone()).row(42);
    let text = "v".repeat(100);
    let column = Encrypted::seal(&text, &place, &cached).unwrap();
    group.bench_function("Encrypted, seal", |b| {
        b.iter(|| Encrypted::seal(black_box(&text), &place, &cached).unwrap())
    });
    group.bench_function("Encrypted, open", |b| {
        b.iter(|| black_box(&column).open(&place, &cached).unwrap())
    });
    group.finish();
}

criterion_group!(benches, messages, frames, values);
criterion_main!(benches);
