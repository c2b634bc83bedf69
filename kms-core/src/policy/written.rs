//! A document as its author sees it: where its statements stand, what their conditions say.

use std::collections::BTreeSet;

use super::document::json::{self, Json};
use super::variable;

/// A place in a text. Lines and columns are counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where AWS says that it begins: behind what stands before it, which is the bracket of the
    /// list or the statement before; behind its own brace where it stands in no list.
    pub after: Position,
    /// Its opening brace.
    pub start: Position,
    /// Behind its closing brace.
    pub end: Position,
}

/// One key under one operator of a condition, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenClause {
    /// The operator, such as `ForAnyValue:StringLike`.
    pub operator: String,
    /// The key, such as `kms:EncryptionContext:Department`.
    pub key: String,
    /// What it is compared with.
    pub values: Vec<String>,
}

/// A document and the places of its statements.
#[derive(Debug)]
pub struct WrittenPolicy {
    document: Json,
    spans: Vec<Span>,
}

impl WrittenPolicy {
    /// Reads a document; `None` where it is not JSON as policies are.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let document = json::parse(text).ok()?;
        Some(Self {
            document,
            spans: Scanner::new(text).statements(),
        })
    }

    /// Where the statement at `index` stands, counted from 0.
    #[must_use]
    pub fn span(&self, index: usize) -> Option<Span> {
        self.spans.get(index).copied()
    }

    /// The clause of that position in the condition of the statement at `index`.
    #[must_use]
    pub fn clause(&self, index: usize, clause: usize) -> Option<WrittenClause> {
        let statement = self.statements().into_iter().nth(index)?;
        clauses(statement).into_iter().nth(clause)
    }

    /// The condition keys that the document asks for, in conditions and in variables, as they are
    /// written where they stand first.
    #[must_use]
    pub fn context_keys(&self) -> Vec<String> {
        let version = self.document.member("Version");
        let has_variables = version == Some(&Json::Text("2012-10-17".to_owned()));
        let mut seen = BTreeSet::new();
        let mut keys = Vec::new();
        let mut take = |key: &str| {
            if seen.insert(key.to_ascii_lowercase()) {
                keys.push(key.to_owned());
            }
        };
        for statement in self.statements() {
            let resources = ["Resource", "NotResource"];
            let resources = resources.iter().filter_map(|name| statement.member(name));
            let resources = resources.flat_map(items).filter_map(scalar);
            let clauses = clauses(statement);
            if has_variables {
                let texts: Vec<String> = resources.collect();
                texts
                    .iter()
                    .flat_map(|text| variable::names(text))
                    .for_each(&mut take);
            }
            for clause in clauses {
                take(&clause.key);
                if has_variables {
                    let values = clause.values.iter();
                    values
                        .flat_map(|text| variable::names(text))
                        .for_each(&mut take);
                }
            }
        }
        keys
    }

    fn statements(&self) -> Vec<&Json> {
        self.document
            .member("Statement")
            .map(items)
            .unwrap_or_default()
    }
}

/// In the order of the text, which is that of the compiled ones.
fn clauses(statement: &Json) -> Vec<WrittenClause> {
    let mut clauses = Vec::new();
    let Some(Json::Object(operators)) = statement.member("Condition") else {
        return clauses;
    };
    for (operator, keys) in operators {
        let Json::Object(keys) = keys else { continue };
        clauses.extend(keys.iter().map(|(key, values)| WrittenClause {
            operator: operator.clone(),
            key: key.clone(),
            values: items(values).into_iter().filter_map(scalar).collect(),
        }));
    }
    clauses
}

fn items(json: &Json) -> Vec<&Json> {
    match json {
        Json::List(items) => items.iter().collect(),
        single => vec![single],
    }
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

/// Walks over a text that is known to be JSON.
struct Scanner<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    place: Position,
    depth: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            place: Position { line: 1, column: 1 },
            depth: 0,
        }
    }

    fn step(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        let ends_line = match character {
            '\n' => true,
            '\r' => self.rest.peek() != Some(&'\n'),
            _ => false,
        };
        if ends_line {
            self.place.line = self.place.line.saturating_add(1);
            self.place.column = 1;
        } else {
            self.place.column = self.place.column.saturating_add(1);
        }
        match character {
            '{' | '[' => self.depth = self.depth.saturating_add(1),
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Some(character)
    }

    /// The string whose opening quote was taken, decoded.
    fn string(&mut self) -> Option<String> {
        let depth = self.depth;
        let mut raw = String::from('"');
        loop {
            let character = self.step()?;
            raw.push(character);
            match character {
                '\\' => raw.extend(self.step()),
                '"' => break,
                _ => {}
            }
        }
        // Braces in strings are no braces.
        self.depth = depth;
        serde_json::from_str(&raw).ok()
    }

    /// The places of the statements of the document.
    fn statements(mut self) -> Vec<Span> {
        let mut name = None;
        while let Some(character) = self.step() {
            match (character, self.depth) {
                ('"', 1) => name = self.string(),
                ('"', _) => drop(self.string()),
                (':', 1) if name.as_deref() == Some("Statement") => return self.value(),
                _ => {}
            }
        }
        Vec::new()
    }

    /// The statements of the value that begins here.
    fn value(mut self) -> Vec<Span> {
        let outside = self.depth;
        let mut spans = Vec::new();
        let mut open = None;
        let mut before = None;
        loop {
            let place = self.place;
            let Some(character) = self.step() else {
                return spans;
            };
            match character {
                '"' => drop(self.string()),
                '[' if before.is_none() && open.is_none() => before = Some(self.place),
                '{' if open.is_none() => {
                    open = Some((before.unwrap_or(self.place), place, self.depth));
                }
                '}' => {
                    let closed =
                        open.filter(|(_, _, depth)| self.depth.saturating_add(1) == *depth);
                    if let Some((after, start, _)) = closed {
                        let end = self.place;
                        spans.push(Span { after, start, end });
                        open = None;
                        before = before.map(|_| end);
                    }
                }
                _ => {}
            }
            if self.depth <= outside && open.is_none() && matches!(character, '}' | ']') {
                return spans;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(u32, u32, u32, u32)> {
        let read = WrittenPolicy::read(text).unwrap();
        read.spans
            .iter()
            .map(|span| {
                (
                    span.after.line,
                    span.after.column,
                    span.end.line,
                    span.end.column,
                )
            })
            .collect()
    }

    /// The policies and the places of AWS's own examples of simulations.
    #[test]
    fn statements_stand_where_aws_says() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(places(text), [(1, 38, 1, 167)]);
        let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
        assert_eq!(places(text), [(3, 17, 8, 6)]);
    }

    #[test]
    fn later_statements_begin_behind_the_one_before() {
        let text = "{\"Id\":\"{[\\\"Statement\\\":[{\",\r\n\"Stat\\u0065ment\":[ {\"Sid\":\"}]\"},\r\n  {\"Effect\":\"\u{e9}\"} ],\"Version\":{\"Statement\":[{}]}}";
        assert_eq!(places(text), [(2, 19, 2, 32), (2, 32, 3, 17)]);
        let read = WrittenPolicy::read(text).unwrap();
        let start = read.span(1).unwrap().start;
        assert_eq!((start.line, start.column), (3, 3));
        assert_eq!(read.span(2), None);
    }

    #[test]
    fn what_has_no_statements_has_no_places() {
        for text in [
            "{}",
            "[]",
            r#"{"Statement":"x"}"#,
            r#"{"Statement":[]}"#,
            "1",
        ] {
            assert_eq!(places(text), [], "{text}");
        }
        assert!(WrittenPolicy::read("{").is_none());
    }

    #[test]
    fn context_keys_are_told_once_as_they_are_written() {
        let text = r#"{"Version":"2012-10-17","Statement":[
          {"Resource":["arn:aws:s3:::b/${aws:username}/${*}","*"],"Condition":
            {"StringLike":{"aws:UserName":"x","s3:prefix":["${aws:PrincipalTag/Team, 'none'}"]}}},
          {"Condition":{"Bool":{"aws:SecureTransport":true}}}]}"#;
        let read = WrittenPolicy::read(text).unwrap();
        assert_eq!(
            read.context_keys(),
            [
                "aws:username",
                "s3:prefix",
                "aws:PrincipalTag/Team",
                "aws:SecureTransport"
            ]
        );
        let clause = read.clause(0, 1).unwrap();
        assert_eq!(
            (clause.operator.as_str(), clause.key.as_str()),
            ("StringLike", "s3:prefix")
        );
        assert_eq!(read.clause(1, 0).unwrap().values, ["true"]);
        assert_eq!(read.clause(1, 1), None);
        let old = text.replace("2012-10-17", "2008-10-17");
        let keys = WrittenPolicy::read(&old).unwrap().context_keys();
        assert_eq!(keys, ["aws:UserName", "s3:prefix", "aws:SecureTransport"]);
    }
}
