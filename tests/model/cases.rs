//! Good and bad values for a shape, made from the model alone.

use std::collections::BTreeSet;

use kms_core::api::Operation;
use serde_json::{Map, Value, json};

/// The service model.
pub struct Model(pub Value);

impl Model {
    pub fn new(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    pub fn target_prefix(&self) -> &str {
        self.0["metadata"]["targetPrefix"].as_str().unwrap()
    }

    pub fn operations(&self) -> BTreeSet<String> {
        keys(&self.0["operations"])
    }

    fn operation(&self, operation: Operation) -> &Value {
        &self.0["operations"][operation.as_str()]
    }

    pub fn input(&self, operation: Operation) -> &str {
        self.operation(operation)["input"]["shape"]
            .as_str()
            .unwrap()
    }

    pub fn output(&self, operation: &str) -> Option<&str> {
        self.0["operations"][operation]["output"]["shape"].as_str()
    }

    pub fn errors(&self, operation: Operation) -> Vec<String> {
        let errors = self.operation(operation)["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| error["shape"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn is_fault(&self, error: &str) -> bool {
        self.shape(error)["fault"].as_bool().unwrap_or(false)
    }

    pub fn http_status(&self, error: &str) -> Option<u64> {
        self.shape(error)["error"]["httpStatusCode"].as_u64()
    }

    pub fn shape(&self, name: &str) -> &Value {
        let shape = &self.0["shapes"][name];
        assert!(shape.is_object(), "{name} is a shape");
        shape
    }

    pub fn members(&self, shape: &str) -> BTreeSet<String> {
        keys(&self.shape(shape)["members"])
    }

    /// The name of the shape of a member.
    pub fn member(&self, shape: &str, member: &str) -> String {
        let member = &self.shape(shape)["members"][member]["shape"];
        member.as_str().unwrap().to_owned()
    }

    pub fn required(&self, shape: &str) -> Vec<String> {
        let required = self.shape(shape)["required"].as_array();
        required
            .into_iter()
            .flatten()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    pub fn element(&self, shape: &str) -> String {
        self.shape(shape)["member"]["shape"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Panics unless `value` has only what the shape has, each of its JSON type.
    pub fn assert_of_shape(&self, value: &Value, shape: &str, path: &str) {
        let definition = self.shape(shape);
        match definition["type"].as_str().unwrap() {
            "structure" => {
                for (name, inner) in value.as_object().expect(path) {
                    let path = format!("{path}.{name}");
                    assert!(self.members(shape).contains(name), "{path} is modelled");
                    self.assert_of_shape(inner, &self.member(shape, name), &path);
                }
            }
            "list" => {
                for inner in value.as_array().expect(path) {
                    self.assert_of_shape(inner, &self.element(shape), path);
                }
            }
            "map" => {
                let pairs = value.as_object().expect(path);
                assert!(pairs.values().all(Value::is_string), "{path}");
            }
            "boolean" => assert!(value.is_boolean(), "{path}"),
            "integer" => assert!(value.is_i64(), "{path}"),
            "timestamp" => assert!(value.is_number(), "{path}"),
            "string" | "blob" => {
                let text = value.as_str().expect(path);
                let allowed = definition["enum"].as_array();
                assert!(
                    allowed.is_none_or(|allowed| allowed.contains(value)),
                    "{path}: {text}"
                );
            }
            other => panic!("{path}: type {other}"),
        }
    }
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// `KeyId` → `keyId`.
pub fn camel_case(name: &str) -> String {
    name[..1].to_lowercase() + &name[1..]
}

/// JSON that the shape never is.
pub fn wrong_type(model: &Model, shape: &str) -> Value {
    match model.shape(shape)["type"].as_str().unwrap() {
        "string" | "blob" => json!(7),
        _ => json!("text"),
    }
}

fn base64(length: usize) -> Value {
    let whole = "AAAA".repeat(length / 3);
    let rest = ["", "AA==", "AAA="][length % 3];
    json!(whole + rest)
}

/// What stands before and after the letters of a text that a pattern asks more of than its letters:
/// pattern, before, letter, after, and whether the pattern bounds the length too.
const SAMPLES: &[(&str, &str, &str, &str, bool)] = &[
    ("cluster-[2-7a-zA-Z]{11,16}", "cluster-", "a", "", true),
    ("^https://[a-zA-Z0-9.-]+$", "https://", "a", "", false),
    (
        "^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$",
        "/",
        "a",
        "/kms/xks/v1",
        false,
    ),
    (
        "^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$",
        "com.amazonaws.vpce.us-east-1.vpce-svc-",
        "a",
        "",
        false,
    ),
    ("[0-9]{12}", "", "1", "", true),
    ("^([a-z]+-){2,3}\\d+$", "a-b-", "1", "", false),
    ("^[A-Z2-7]+$", "", "A", "", false),
];

fn sample_of(
    definition: &Value,
) -> Option<&'static (&'static str, &'static str, &'static str, &'static str, bool)> {
    let pattern = definition["pattern"].as_str()?;
    SAMPLES.iter().find(|(known, ..)| *known == pattern)
}

fn needs_sample(definition: &Value) -> bool {
    sample_of(definition).is_some()
}

/// A text of the pattern, of `length` characters or as few as there can be.
fn sample(definition: &Value, length: usize) -> String {
    let Some((_, before, letter, after, _)) = sample_of(definition) else {
        return "a".repeat(length);
    };
    let letters = length.saturating_sub(before.len() + after.len());
    if letters == 0 && *after == "/kms/xks/v1" {
        return format!("{after}{}", "0".repeat(length.saturating_sub(after.len())));
    }
    format!("{before}{}{after}", letter.repeat(letters.max(1)))
}

fn bound(definition: &Value, name: &str) -> Option<usize> {
    definition[name].as_u64().map(|n| n.try_into().unwrap())
}

/// Values that the shape allows: each of a set, the shortest and the longest.
pub fn good_values(model: &Model, shape: &str) -> Vec<Value> {
    let definition = model.shape(shape);
    let (min, max) = (bound(definition, "min"), bound(definition, "max"));
    let lengths = [min.unwrap_or(1), max.unwrap_or(20)];
    match definition["type"].as_str().unwrap() {
        "string" => match definition["enum"].as_array() {
            Some(values) => values.clone(),
            None if needs_sample(definition) => {
                lengths.map(|n| json!(sample(definition, n))).to_vec()
            }
            None => lengths
                .map(|n| json!("é".repeat(n)))
                .into_iter()
                .chain(lengths.map(|n| json!(sample(definition, n))))
                .filter(|text| {
                    let text = text.as_str().unwrap();
                    definition["pattern"].is_null() || text.is_ascii() && !text.is_empty()
                })
                .collect(),
        },
        "integer" => vec![definition["min"].clone(), definition["max"].clone()],
        "boolean" => vec![json!(true), json!(false)],
        "blob" => lengths.map(base64).to_vec(),
        "map" => vec![json!({}), json!({"a": "", "": "b"})],
        "list" => {
            let elements = good_values(model, &model.element(shape));
            let longest = vec![elements[0].clone(); max.unwrap_or(60)];
            vec![json!([]), json!(elements), json!(longest)]
        }
        "structure" => vec![Value::Object(whole(model, shape))],
        "timestamp" => vec![json!(1_440_938_160), json!(1_440_938_160.999), json!(-1)],
        other => panic!("{shape}: type {other}"),
    }
}

fn whole(model: &Model, shape: &str) -> Map<String, Value> {
    let first = |name: &String| good_values(model, &model.member(shape, name))[0].clone();
    model
        .members(shape)
        .into_iter()
        .map(|name| (name.clone(), first(&name)))
        .collect()
}

pub fn null_violation(path: &str) -> String {
    format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
}

fn violation(shown: &str, path: &str, constraint: &str) -> String {
    format!("Value{shown} at '{path}' failed to satisfy constraint: {constraint}")
}

/// Values that the shape refuses, with what AWS says to each.
pub fn bad_values(model: &Model, shape: &str, path: &str) -> Vec<(Value, Vec<String>)> {
    let definition = model.shape(shape);
    match definition["type"].as_str().unwrap() {
        "string" => bad_strings(definition)
            .into_iter()
            .map(|(text, constraints)| {
                let secret = definition["sensitive"] == true;
                let shown = if secret {
                    String::new()
                } else {
                    format!(" '{text}'")
                };
                let told = constraints.iter().map(|c| violation(&shown, path, c));
                (json!(text), told.collect())
            })
            .collect(),
        "integer" => bad_numbers(definition, path),
        "blob" => bad_blobs(definition, path),
        "list" => bad_lists(model, shape, path),
        "structure" => bad_structures(model, shape, path),
        "boolean" | "map" | "timestamp" => Vec::new(),
        other => panic!("{shape}: type {other}"),
    }
}

fn at_least(what: &str, min: &Value) -> String {
    format!("Member must have {what} greater than or equal to {min}")
}

fn at_most(what: &str, max: &Value) -> String {
    format!("Member must have {what} less than or equal to {max}")
}

fn pattern_constraint(definition: &Value) -> Option<String> {
    let pattern = definition["pattern"].as_str()?;
    Some(format!(
        "Member must satisfy regular expression pattern: {pattern}"
    ))
}

fn enum_constraint(definition: &Value) -> Option<String> {
    let values = definition["enum"].as_array()?;
    let values: Vec<&str> = values.iter().map(|value| value.as_str().unwrap()).collect();
    Some(format!(
        "Member must satisfy enum value set: [{}]",
        values.join(", ")
    ))
}

fn bad_strings(definition: &Value) -> Vec<(String, Vec<String>)> {
    let mut cases = Vec::new();
    if let Some(constraint) = enum_constraint(definition) {
        let first = definition["enum"][0].as_str().unwrap();
        for text in ["", "ANY", &first.to_lowercase(), &format!("{first} ")] {
            if text != first {
                cases.push((text.to_owned(), vec![constraint.clone()]));
            }
        }
        return cases;
    }
    let pattern = pattern_constraint(definition);
    if bound(definition, "min").is_some_and(|min| min > 0) {
        let text = definition["pattern"].as_str().unwrap_or_default();
        let refuses_empty = text.trim_end_matches('$').ends_with('+') || needs_sample(definition);
        let also = pattern.clone().filter(|_| refuses_empty);
        let constraints = [at_least("length", &definition["min"])];
        cases.push((String::new(), constraints.into_iter().chain(also).collect()));
    }
    if let Some(max) = bound(definition, "max") {
        let constraint = at_most("length", &definition["max"]);
        let bounded = sample_of(definition).is_some_and(|(.., bounded)| *bounded);
        let also = pattern.clone().filter(|_| bounded);
        let constraints = std::iter::once(constraint).chain(also).collect();
        cases.push((sample(definition, max + 1), constraints));
    }
    let min = bound(definition, "min").unwrap_or_default();
    for text in ["\u{100}", "a\u{100}", "a\u{7}b", "\u{100}a"] {
        let long_enough = "a".repeat(min.saturating_sub(text.chars().count())) + text;
        cases.extend(pattern.clone().map(|pattern| (long_enough, vec![pattern])));
    }
    cases
}

fn bad_numbers(definition: &Value, path: &str) -> Vec<(Value, Vec<String>)> {
    let min = definition["min"].as_i64().unwrap();
    let max = definition["max"].as_i64().unwrap();
    let low = at_least("value", &definition["min"]);
    let high = at_most("value", &definition["max"]);
    [
        (min - 1, &low),
        (-1, &low),
        (i64::from(i32::MIN), &low),
        (max + 1, &high),
        (i64::from(i32::MAX), &high),
    ]
    .into_iter()
    .map(|(n, constraint)| {
        (
            json!(n),
            vec![violation(&format!(" '{n}'"), path, constraint)],
        )
    })
    .collect()
}

fn bad_blobs(definition: &Value, path: &str) -> Vec<(Value, Vec<String>)> {
    let max = bound(definition, "max").unwrap();
    let case = |length: usize, constraint: String| {
        let shown = if definition["sensitive"] == true {
            String::new()
        } else {
            format!(" 'java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]'")
        };
        (base64(length), vec![violation(&shown, path, &constraint)])
    };
    vec![
        case(0, at_least("length", &definition["min"])),
        case(max + 1, at_most("length", &definition["max"])),
    ]
}

fn bad_lists(model: &Model, shape: &str, path: &str) -> Vec<(Value, Vec<String>)> {
    let definition = model.shape(shape);
    let element = model.element(shape);
    let good = good_values(model, &element)[0].clone();
    if model.shape(&element)["type"] == "structure" {
        let mut cases = bad_values(model, &element, &format!("{path}.1.member"))
            .into_iter()
            .map(|(value, told)| (json!([value]), told))
            .collect::<Vec<_>>();
        let second = bad_values(model, &element, &format!("{path}.2.member"));
        cases.extend(
            second
                .into_iter()
                .map(|(value, told)| (json!([good, value]), told)),
        );
        return cases;
    }
    let shown = |values: &[String]| format!(" '[{}]'", values.join(", "));
    let good = good.as_str().unwrap().to_owned();
    let mut cases = Vec::new();
    for (bad, _) in bad_strings(model.shape(&element)) {
        let values = [good.clone(), bad];
        let constraint = format!(
            "Member must satisfy constraint: [{}]",
            element_constraints(model.shape(&element)).join(", ")
        );
        cases.push((
            json!(values),
            vec![violation(&shown(&values), path, &constraint)],
        ));
    }
    if let Some(max) = bound(definition, "max") {
        let values = vec![good; max + 1];
        let constraint = at_most("length", &definition["max"]);
        cases.push((
            json!(values),
            vec![violation(&shown(&values), path, &constraint)],
        ));
    }
    cases
}

fn element_constraints(definition: &Value) -> Vec<String> {
    if let Some(constraint) = enum_constraint(definition) {
        return vec![constraint];
    }
    let lengths = [
        at_most("length", &definition["max"]),
        at_least("length", &definition["min"]),
    ];
    lengths
        .into_iter()
        .chain(pattern_constraint(definition))
        .collect()
}

fn bad_structures(model: &Model, shape: &str, path: &str) -> Vec<(Value, Vec<String>)> {
    let mut cases = Vec::new();
    for name in model.members(shape) {
        let member_path = format!("{path}.{}", camel_case(&name));
        for (value, told) in bad_values(model, &model.member(shape, &name), &member_path) {
            let mut members = whole(model, shape);
            members.insert(name.clone(), value);
            cases.push((Value::Object(members), told));
        }
        if model.required(shape).contains(&name) {
            let mut members = whole(model, shape);
            members.remove(&name);
            cases.push((Value::Object(members), vec![null_violation(&member_path)]));
        }
    }
    cases
}
