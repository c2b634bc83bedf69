//! A pattern with wildcards and a text, a line and the rest: as a glob and as the pattern of an ARN,
//! against the textbook's way of matching.

use std::borrow::Cow;

use kms_core::policy::Value;

use super::condition_value::{allows, policy};

/// The longest pattern and text that the textbook's way is tried on, in characters.
const LONGEST: usize = 400;

/// Dynamic programming over all prefixes, which has nothing in common with the matcher.
fn textbook(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for p in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        next[0] = p == '*' && row[0];
        for i in 1..=text.len() {
            next[i] = match p {
                '*' => next[i - 1] || row[i],
                '?' => row[i - 1],
                c => row[i - 1] && text[i - 1] == c,
            };
        }
        row = next;
    }
    row[text.len()]
}

/// Segment by segment; a pattern of stars alone is any text.
fn textbook_of_arns(pattern: &str, text: &str) -> bool {
    if !pattern.is_empty() && pattern.bytes().all(|b| b == b'*') {
        return true;
    }
    let patterns: Vec<&str> = pattern.splitn(6, ':').collect();
    let texts: Vec<&str> = text.splitn(6, ':').collect();
    let pairs = || patterns.iter().zip(&texts);
    patterns.len() == 6 && texts.len() == 6 && pairs().all(|(p, t)| textbook(p, t))
}

/// Both agree on what is not refused as too costly.
pub fn run(data: &[u8]) {
    let Ok(line_and_rest) = std::str::from_utf8(data) else {
        return;
    };
    let Some((pattern, text)) = line_and_rest.split_once('\n') else {
        return;
    };
    let longest = pattern.chars().count().max(text.chars().count());
    for (operator, reference) in [
        ("StringLike", textbook as fn(&str, &str) -> bool),
        ("ArnLike", textbook_of_arns),
    ] {
        let Some(policy) = policy("Allow", operator, pattern) else {
            continue;
        };
        let found = allows(&policy, Some(Value::One(Cow::Borrowed(text))));
        if longest <= LONGEST {
            assert_eq!(found, Some(reference(pattern, text)), "{operator}");
        }
    }
}
