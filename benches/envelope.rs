//! Messages of the AWS Encryption SDK in memory, without a process or a pipe around them.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::{PooledRandom, SystemRandom};
use kms_core::envelope::{self, DecryptOptions, EncryptOptions, RawAesKeyring};
use kms_core::secret::SecretBytes;

fn messages(criterion: &mut Criterion) {
    let key = SecretBytes::new(vec![7; 32]);
    let keyring = RawAesKeyring::new("bench", "key", &key, Arc::new(SystemRandom)).unwrap();
    let context: EncryptionContext = [("tenant".to_owned(), "blue".to_owned())]
        .into_iter()
        .collect();
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

criterion_group!(benches, messages);
criterion_main!(benches);
