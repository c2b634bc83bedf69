//! The pages say what is so: links lead somewhere, tests that are named exist, the README's example
//! is the one that is compiled.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Files with one of the extensions, outside of build output and hidden directories.
fn files(directory: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, extensions, found);
        } else if path
            .extension()
            .is_some_and(|ending| extensions.iter().any(|other| ending == *other))
        {
            found.push(path);
        }
    }
}

fn pages() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&workspace(), &["md"], &mut found);
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// What stands between `open` and `close`, wherever it does.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    let parts = text.split(open).skip(1);
    parts
        .filter_map(|part| part.split_once(close))
        .map(|(inside, _)| inside)
        .collect()
}

/// The anchor of a heading: lower case, hyphens for spaces.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_to_a_file_leads_there() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for (path, text) in pages() {
        for link in between(&text, "](", ')') {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            checked += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = path.parent().unwrap().join(file);
            let is_there = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor));
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(checked > 30, "only {checked} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The functions of a file that are run as tests.
fn tests_of(text: &str) -> BTreeSet<String> {
    let parts = text.split("#[test]").skip(1);
    let names = parts.filter_map(|part| {
        let (_, rest) = part.split_once("fn ")?;
        rest.split_once('(').map(|(name, _)| name.to_owned())
    });
    names.collect()
}

#[test]
fn every_test_that_a_page_names_exists() {
    let mut sources = Vec::new();
    files(&workspace(), &["rs"], &mut sources);
    let mut functions = BTreeSet::new();
    for path in sources {
        functions.extend(tests_of(&fs::read_to_string(path).unwrap()));
    }
    let mut missing = Vec::new();
    let mut checked = 0;
    for page in ["docs/threat-model.md", "docs/lessons.md"] {
        let text = fs::read_to_string(workspace().join(page)).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_name = quoted
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            // A sentence, and not the name of a thing such as `memfd_secret`.
            if is_name && quoted.matches('_').count() >= 2 {
                checked += 1;
                if !functions.contains(quoted) {
                    missing.push(format!("{page}: {quoted}"));
                }
            } else if quoted.contains('/') && !quoted.contains(' ') && quoted.ends_with(".rs") {
                assert!(workspace().join(quoted).is_file(), "{page}: {quoted}");
            }
        }
    }
    assert!(checked > 50, "only {checked} names were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A file in brackets behind the name of a test is the one that the test is in.
#[test]
fn the_tests_of_the_threat_model_are_in_the_files_that_it_names() {
    let page = fs::read_to_string(workspace().join("docs/threat-model.md")).unwrap();
    let mut elsewhere = Vec::new();
    let mut checked = 0;
    for (at, bracket) in page.match_indices("(`") {
        let (before, after) = page.split_at(at);
        let file = after.trim_start_matches(bracket).split('`').next().unwrap();
        let path = workspace().join(file);
        let name = before.trim_end().strip_suffix('`');
        let name = name.and_then(|text| text.rsplit('`').next());
        let name = name.filter(|name| name.matches('_').count() >= 2);
        if let (true, true, Some(name)) = (file.ends_with(".rs"), path.is_file(), name) {
            checked += 1;
            if !tests_of(&fs::read_to_string(path).unwrap()).contains(name) {
                elsewhere.push(format!("{name} is not in {file}"));
            }
        }
    }
    assert!(checked > 30, "only {checked} names were found");
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
}

#[test]
fn the_readme_shows_the_example_that_is_compiled() {
    let example = fs::read_to_string(workspace().join("kms-core/examples/embed.rs")).unwrap();
    let (_, code) = example.split_once("\n\n").unwrap();
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    assert!(
        readme.contains(&format!("```rust\n{code}```")),
        "README.md does not show kms-core/examples/embed.rs as it is"
    );
}
