//! The `Resource` and `NotResource` elements.

use super::malformed::{MalformedPolicy, clip};
use crate::policy::pattern::{ARN_SEGMENTS, ArnGlob};
use crate::policy::variable::{Compiled, Variables};

/// Which resources a statement is about.
#[derive(Debug)]
pub(in crate::policy) enum ResourceElement {
    /// The element is missing, so the statement has no effect.
    Nothing,
    Is(Vec<ResourcePattern>),
    IsNot(Vec<ResourcePattern>),
}

/// One entry of the element.
#[derive(Debug)]
pub(in crate::policy) enum ResourcePattern {
    /// `*`
    Everything,
    Arn(Compiled<ArnGlob>),
}

const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// Reads `*` or a pattern of an ARN; variables may stand after its fifth colon only.
pub(super) fn parse(text: &str, variables: Variables) -> Result<ResourcePattern, MalformedPolicy> {
    if text == "*" {
        return Ok(ResourcePattern::Everything);
    }
    let segments: Vec<&str> = text.splitn(ARN_SEGMENTS, ':').collect();
    let Some(("arn", rest)) = segments.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err(MalformedPolicy::ResourceFormat(clip(text)));
    };
    let [partition, service, region, account, resource] = rest else {
        return Err(MalformedPolicy::LegacyParsing);
    };
    if !PARTITIONS.contains(partition) && !partition.contains(['*', '?']) {
        return Err(MalformedPolicy::Partition {
            partition: clip(partition),
            resource: clip(text),
        });
    }
    if service.is_empty() || service.contains(['*', '?']) || resource.is_empty() {
        return Err(MalformedPolicy::LegacyParsing);
    }
    let early = [partition, service, region, account];
    if variables == Variables::Substituted && early.iter().any(|segment| segment.contains("${")) {
        return Err(MalformedPolicy::Syntax);
    }
    Compiled::parse(text, variables)
        .map(ResourcePattern::Arn)
        .map_err(|_| MalformedPolicy::Syntax)
}
