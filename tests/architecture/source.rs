//! Reading the house: its files, its manifests, and what a line of code names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kms_tests::workspace;
use toml::Value;

/// A source file: its path from the root of the workspace, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// The code that ships: without comments, and without the tests at its end.
    pub fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test_file = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        let end = if is_test_file {
            0
        } else {
            self.first_test_line()
        };
        self.text
            .lines()
            .enumerate()
            .take(end)
            .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
    }

    fn first_test_line(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let is_test_module = |index: usize| {
            lines[index].trim() == "#[cfg(test)]"
                && lines[index + 1..]
                    .iter()
                    .find(|line| !line.trim_start().starts_with("#["))
                    .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
        };
        (0..lines.len())
            .find(|&index| is_test_module(index))
            .unwrap_or(lines.len())
    }

    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("kms-core/src/")?;
        let room = inside.split('/').next()?.trim_end_matches(".rs");
        (room != "lib").then_some(room)
    }
}

pub fn sources(directories: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for directory in directories {
        collect(&workspace().join(directory), &mut found);
    }
    assert!(!found.is_empty(), "no source in {directories:?}");
    found
}

fn collect(directory: &Path, found: &mut Vec<Source>) {
    for path in entries(directory) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source {
                path: relative(&path),
                text,
            });
        }
    }
}

pub fn entries(directory: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(directory).unwrap_or_else(|error| {
        panic!("{}: {error}", directory.display());
    });
    let mut paths: Vec<PathBuf> = listing.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

pub fn relative(path: &Path) -> String {
    path.strip_prefix(workspace())
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

pub fn manifest(path: &str) -> Value {
    let text = fs::read_to_string(workspace().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    toml::from_str(&text).unwrap()
}

/// Fails with every breach, one a line.
pub fn none(breaches: &[String], rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

/// Whether `line` names the crate or path `name` as an identifier of its own, as in `name::x`
/// or `use name;`.
pub fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = &line[start + name.len()..];
        let stands_alone = !before.is_some_and(|character| {
            character.is_alphanumeric() || matches!(character, '_' | ':' | '.' | '"')
        });
        let imported = line.trim_start().starts_with("use ") && after.starts_with([';', ' ']);
        stands_alone && (after.starts_with("::") || imported)
    })
}

/// The first path components after `crate::` in one line, with `crate::{a, b::c}` unfolded.
pub fn rooms_named(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for root in ["crate::", "super::super::"] {
        for (start, _) in text.match_indices(root) {
            let rest = &text[start + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => rooms.extend(group_members(group)),
                None => rooms.extend(first_identifier(rest)),
            }
        }
    }
    rooms
}

fn first_identifier(text: &str) -> Option<String> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let identifier: String = text
        .trim_start()
        .chars()
        .take_while(|&c| is_part(c))
        .collect();
    (!identifier.is_empty()).then_some(identifier)
}

fn group_members(group: &str) -> BTreeSet<String> {
    let (mut depth, mut members, mut start) = (1, BTreeSet::new(), 0);
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                members.extend(first_identifier(&group[start..index]));
                start = index + 1;
            }
            _ => {}
        }
        if depth == 0 {
            members.extend(first_identifier(&group[start..index]));
            break;
        }
    }
    members
}
