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

#[test]
fn every_test_that_a_page_names_exists() {
    let mut sources = Vec::new();
    files(&workspace(), &["rs"], &mut sources);
    let mut functions = BTreeSet::new();
    for path in sources {
        let text = fs::read_to_string(path).unwrap();
        functions.extend(between(&text, "fn ", '(').into_iter().map(str::to_owned));
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
