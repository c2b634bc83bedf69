//! `kms encrypt` and `kms decrypt` of a big file in memory, against `cat` moving the same bytes
//! through as many pipes, in one interleaved run.
//!
//! Settings: `KMS_BENCH_REPETITIONS` (7), `KMS_BENCH_MEGABYTES` (1024).

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kms_benches::{PeakMemory, median, setting, spread};
use kms_tests::{Home, program};

/// A pipeline: a name, its stages as arguments, and which stage to watch the memory of.
struct Pipeline {
    name: &'static str,
    stages: Vec<Vec<String>>,
    watched: Option<usize>,
}

/// Runs a pipeline from an empty input into nothing; how long it took, and the peak memory of the
/// watched stage in KiB.
fn run(pipeline: &Pipeline, home: &Home) -> (Duration, u64) {
    let begin = Instant::now();
    let mut children = Vec::new();
    let mut input = Stdio::null();
    let last = pipeline.stages.len() - 1;
    for (index, stage) in pipeline.stages.iter().enumerate() {
        let output = if index == last {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        let mut command = Command::new(&stage[0]);
        command
            .args(&stage[1..])
            .env("KMS_HOME", home.path())
            .stdin(input)
            .stdout(output);
        let mut child = command.spawn().expect("a stage starts");
        input = child.stdout.take().map_or_else(Stdio::null, Stdio::from);
        children.push(child);
    }
    drop(input);
    let memory = pipeline
        .watched
        .map(|stage| PeakMemory::of(children[stage].id()));
    for (child, stage) in children.iter_mut().zip(&pipeline.stages) {
        assert!(child.wait().unwrap().success(), "{stage:?} failed");
    }
    (begin.elapsed(), memory.map_or(0, PeakMemory::stop))
}

fn fill(path: &Path, megabytes: usize) {
    let mut file = File::create(path).unwrap();
    let mut block = vec![0; 1 << 20];
    for number in 0..megabytes {
        for (index, byte) in block.iter_mut().enumerate() {
            *byte = ((number * 31 + index * 7) >> 3) as u8;
        }
        file.write_all(&block).unwrap();
    }
}

fn stage(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn main() {
    let megabytes: usize = setting("KMS_BENCH_MEGABYTES", 1024);
    let repetitions: usize = setting("KMS_BENCH_REPETITIONS", 7);
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let directory = tempfile::tempdir_in(place).unwrap();
    let (plain, sealed) = (
        directory.path().join("plain"),
        directory.path().join("sealed"),
    );
    fill(&plain, megabytes);
    let home = Home::initialised();
    home.kms().done(["key", "create", "--alias", "alias/bench"]);
    let kms = program("kms").to_str().unwrap().to_owned();
    let (plain, sealed) = (plain.to_str().unwrap(), sealed.to_str().unwrap());
    home.kms()
        .done(["encrypt", "-k", "alias/bench", "-o", sealed, plain]);

    let cat = |file: &str| stage(&["cat", file]);
    let pass = stage(&["cat"]);
    let encrypt = stage(&[&kms, "encrypt", "-k", "alias/bench"]);
    let decrypt = stage(&[&kms, "decrypt"]);
    let with = |command: &[String], file: &str| [command, &[file.to_owned()]].concat();
    let pairs = [
        (
            Pipeline {
                name: "cat FILE | cat",
                stages: vec![cat(plain), pass.clone()],
                watched: None,
            },
            Pipeline {
                name: "kms encrypt FILE",
                stages: vec![with(&encrypt, plain)],
                watched: Some(0),
            },
        ),
        (
            Pipeline {
                name: "cat FILE | cat",
                stages: vec![cat(sealed), pass.clone()],
                watched: None,
            },
            Pipeline {
                name: "kms decrypt FILE",
                stages: vec![with(&decrypt, sealed)],
                watched: Some(0),
            },
        ),
        (
            Pipeline {
                name: "cat FILE | cat | cat",
                stages: vec![cat(plain), pass.clone(), pass.clone()],
                watched: None,
            },
            Pipeline {
                name: "cat FILE | kms encrypt | cat",
                stages: vec![cat(plain), encrypt, pass.clone()],
                watched: Some(1),
            },
        ),
        (
            Pipeline {
                name: "cat FILE | cat | cat",
                stages: vec![cat(sealed), pass.clone(), pass.clone()],
                watched: None,
            },
            Pipeline {
                name: "cat FILE | kms decrypt | cat",
                stages: vec![cat(sealed), decrypt, pass],
                watched: Some(1),
            },
        ),
    ];
    println!("{megabytes} MiB, median (lowest–highest) of {repetitions} interleaved repetitions");
    for (bare, ours) in &pairs {
        compare(bare, ours, megabytes as f64, repetitions, &home);
    }
    fs::remove_file(sealed).unwrap();
}

fn compare(bare: &Pipeline, ours: &Pipeline, megabytes: f64, repetitions: usize, home: &Home) {
    let (mut bare_rates, mut our_rates, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..repetitions {
        bare_rates.push(megabytes / run(bare, home).0.as_secs_f64());
        let (elapsed, memory) = run(ours, home);
        our_rates.push(megabytes / elapsed.as_secs_f64());
        peak = peak.max(memory);
    }
    println!("{:<30} {} MiB/s", bare.name, spread(&bare_rates, 0));
    println!(
        "{:<30} {} MiB/s, peak memory {} KiB",
        ours.name,
        spread(&our_rates, 0),
        peak
    );
    println!(
        "{:<30} {:.2}",
        "ratio",
        median(&our_rates) / median(&bare_rates)
    );
}
