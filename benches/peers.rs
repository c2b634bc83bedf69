//! `kms` as a whole program against its peers and against `cat`, which only moves the bytes: one big
//! file and many small ones, there and back, in one interleaved run. Peers that are not installed are
//! skipped with a line.
//!
//! Settings: `KMS_BENCH_REPETITIONS` (5), `KMS_BENCH_MEGABYTES` (512), `KMS_BENCH_FILES` (1000),
//! `KMS_BENCH_PYTHON`, a Python that has the AWS Encryption SDK (that of the tests).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use kms_benches::{median, setting, spread};
use kms_tests::{Home, program, workspace};

/// Bytes of a small file.
const SMALL: usize = 4096;

/// A program, as functions of a shell that take an input and an output.
struct Contender {
    name: &'static str,
    /// Ends well when the program is there, and makes its keys.
    prepare: &'static str,
    encrypt: &'static str,
    decrypt: &'static str,
    /// How it takes many files at once from `$1` into the directory `$2`, if it does.
    all: Option<(&'static str, &'static str)>,
}

const CONTENDERS: &[Contender] = &[
    Contender {
        name: "cat F | cat",
        prepare: "true",
        encrypt: r#"cat "$1" | cat > "$2""#,
        decrypt: r#"cat "$1" | cat > "$2""#,
        all: None,
    },
    Contender {
        name: "kms",
        prepare: "true",
        encrypt: r#""$KMS" encrypt -k alias/bench -o "$2" "$1""#,
        decrypt: r#""$KMS" decrypt -o "$2" "$1""#,
        all: None,
    },
    Contender {
        name: "kms, all files in one command",
        prepare: "true",
        encrypt: r#""$KMS" encrypt -k alias/bench -o "$2" "$1""#,
        decrypt: r#""$KMS" decrypt -o "$2" "$1""#,
        all: Some((
            r#""$KMS" encrypt -k alias/bench --output-directory "$2" "$1"/*"#,
            r#""$KMS" decrypt --output-directory "$2" "$1"/*"#,
        )),
    },
    Contender {
        name: "age",
        prepare: "age-keygen -o age.key 2>&1 && age-keygen -y age.key > age.recipient",
        encrypt: r#"age -R age.recipient -o "$2" "$1""#,
        decrypt: r#"age -d -i age.key -o "$2" "$1""#,
        all: None,
    },
    Contender {
        name: "rage",
        prepare: "rage-keygen -o rage.key 2>&1 && sed -n 's/# public key: //p' rage.key > rage.recipient",
        encrypt: r#"rage -R rage.recipient -o "$2" "$1""#,
        decrypt: r#"rage -d -i rage.key -o "$2" "$1""#,
        all: None,
    },
    Contender {
        // Without authentication: it does less.
        name: "openssl enc -aes-256-ctr",
        prepare: "openssl rand -hex 32 > openssl.pass",
        encrypt: r#"openssl enc -aes-256-ctr -pbkdf2 -pass file:openssl.pass -in "$1" -out "$2""#,
        decrypt: r#"openssl enc -d -aes-256-ctr -pbkdf2 -pass file:openssl.pass -in "$1" -out "$2""#,
        all: None,
    },
    Contender {
        name: "gpg, AES-256, uncompressed",
        prepare: "gpg --version && mkdir -m 700 gpg && gpg --homedir gpg --batch --passphrase '' \
                  --quick-generate-key bench@example.com rsa3072 default never",
        encrypt: r#"gpg --homedir gpg --batch -q --trust-model always --cipher-algo AES256 -z 0 -r bench@example.com -o "$2" -e "$1""#,
        decrypt: r#"gpg --homedir gpg --batch -q -o "$2" -d "$1""#,
        all: None,
    },
    Contender {
        name: "AWS Encryption SDK for Python",
        prepare: r#""$PYTHON" -c 'import aws_encryption_sdk' && head -c 32 /dev/urandom > python.key"#,
        encrypt: r#""$PYTHON" "$SDK" e python.key "$1" "$2""#,
        decrypt: r#""$PYTHON" "$SDK" d python.key "$1" "$2""#,
        all: None,
    },
];

/// What the contenders share: a directory in memory, the store, the environment of their shells.
struct Arena {
    directory: tempfile::TempDir,
    home: Home,
    kms: PathBuf,
    python: String,
}

impl Arena {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let home = Home::initialised();
        home.kms().done(["key", "create", "--alias", "alias/bench"]);
        let tests = workspace().join("target/kms-test-venv/bin/python");
        Self {
            directory: tempfile::tempdir_in(place).unwrap(),
            home,
            kms: program("kms"),
            python: setting("KMS_BENCH_PYTHON", tests.to_str().unwrap().to_owned()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Whether the script ends well with `from` and `to` as its arguments.
    fn shell(&self, script: &str, from: &Path, to: &Path) -> bool {
        let status = Command::new("sh")
            .args(["-euc", script, "sh"])
            .args([from, to])
            .current_dir(self.directory.path())
            .env("KMS", &self.kms)
            .env("KMS_HOME", self.home.path())
            .env("PYTHON", &self.python)
            .env("SDK", workspace().join("benches/peers.py"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    }

    /// How long the script takes, in seconds.
    fn time(&self, script: &str, from: &Path, to: &Path) -> f64 {
        let begin = Instant::now();
        assert!(self.shell(script, from, to), "failed: {script}");
        begin.elapsed().as_secs_f64()
    }
}

/// A round: from which input, to which output, and how each contender does it.
struct Round {
    title: String,
    from: PathBuf,
    many: bool,
}

/// The script that does `one` to every file of a directory.
fn each(one: &str) -> String {
    format!(r#"one() {{ {one}; }}; for f in "$1"/*; do one "$f" "$2/${{f##*/}}"; done"#)
}

fn scripts(contender: &Contender, many: bool) -> (String, String) {
    match (many, contender.all) {
        (false, _) => (contender.encrypt.to_owned(), contender.decrypt.to_owned()),
        (true, Some((encrypt, decrypt))) => (encrypt.to_owned(), decrypt.to_owned()),
        (true, None) => (each(contender.encrypt), each(contender.decrypt)),
    }
}

fn fresh(path: &Path, many: bool) {
    let _ = fs::remove_dir_all(path);
    let _ = fs::remove_file(path);
    if many {
        fs::create_dir(path).unwrap();
    }
}

/// Whether two files, or the files of two directories, hold the same.
fn same(left: &Path, right: &Path, many: bool) -> bool {
    if !many {
        return Command::new("cmp")
            .args([left, right])
            .status()
            .unwrap()
            .success();
    }
    let mut names: Vec<_> = fs::read_dir(left)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    let equal =
        |name| fs::read(left.join(name)).unwrap() == fs::read(right.join(name)).unwrap_or_default();
    names.iter().all(equal)
}

fn run(arena: &Arena, contenders: &[&Contender], round: &Round, repetitions: usize) {
    let mut times = vec![(Vec::new(), Vec::new()); contenders.len()];
    let (sealed, opened) = (arena.path("sealed"), arena.path("opened"));
    for repetition in 0..repetitions {
        for (contender, (there, back)) in contenders.iter().zip(&mut times) {
            fresh(&sealed, round.many);
            fresh(&opened, round.many);
            let (encrypt, decrypt) = scripts(contender, round.many);
            there.push(arena.time(&encrypt, &round.from, &sealed));
            back.push(arena.time(&decrypt, &sealed, &opened));
            if repetition == 0 {
                assert!(
                    same(&round.from, &opened, round.many),
                    "{} lost something",
                    contender.name
                );
            }
        }
    }
    fresh(&sealed, false);
    fresh(&opened, false);
    println!("\n{}", round.title);
    println!(
        "{:<34}{:<34}{:<34}",
        "", "encrypt, seconds, × cat", "decrypt, seconds, × cat"
    );
    let (floor_there, floor_back) = (median(&times[0].0), median(&times[0].1));
    for (contender, (there, back)) in contenders.iter().zip(&times) {
        let cell = |times: &[f64], floor: f64| {
            format!("{} ×{:.2}", spread(times, 3), median(times) / floor)
        };
        println!(
            "{:<34}{:<34}{:<34}",
            contender.name,
            cell(there, floor_there),
            cell(back, floor_back)
        );
    }
}

fn main() {
    let repetitions: usize = setting("KMS_BENCH_REPETITIONS", 5);
    let megabytes: usize = setting("KMS_BENCH_MEGABYTES", 512);
    let files: usize = setting("KMS_BENCH_FILES", 1000);
    let arena = Arena::new();
    let nowhere = Path::new("");
    let mut contenders = Vec::new();
    for contender in CONTENDERS {
        if arena.shell(contender.prepare, nowhere, nowhere) {
            contenders.push(contender);
        } else {
            println!("{}: not there, skipped", contender.name);
        }
    }
    let big = arena.path("big");
    let block: Vec<u8> = (0..1 << 20)
        .map(|index: usize| ((index * 7) >> 3) as u8)
        .collect();
    fs::write(&big, block.repeat(megabytes)).unwrap();
    let small = arena.path("small");
    fs::create_dir(&small).unwrap();
    for number in 0..files {
        let content = block.get(number..number + SMALL).unwrap();
        fs::write(small.join(format!("{number:06}")), content).unwrap();
    }
    println!("median (lowest–highest) of {repetitions} interleaved repetitions");
    let one: Vec<_> = contenders
        .iter()
        .copied()
        .filter(|contender| contender.all.is_none())
        .collect();
    let title = format!("one file of {megabytes} MiB");
    run(
        &arena,
        &one,
        &Round {
            title,
            from: big,
            many: false,
        },
        repetitions,
    );
    let title = format!("{files} files of 4 KiB, a command for each where nothing else is said");
    run(
        &arena,
        &contenders,
        &Round {
            title,
            from: small,
            many: true,
        },
        repetitions,
    );
}
