//! What answers consist of: an entity, or a page of a list.

use serde::Serialize;

use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::ids::PolicyArn;
use crate::service::operation::Step;
use crate::service::page;
use crate::time::Timestamp;

/// How an entity is written in an answer.
pub trait Shape {
    /// The element that holds one.
    const ONE: &'static str;
    /// The element that holds a list of them.
    const LIST: &'static str;

    /// Writes the members that an answer about one entity has.
    fn write(&self, xml: &mut Xml);

    /// Writes the members that an item of a list has.
    fn write_listed(&self, xml: &mut Xml) {
        self.write(xml);
    }
}

/// An answer with one entity.
#[derive(Clone, Debug)]
pub struct One<T>(
    /// The entity.
    pub T,
);

impl<T: Shape> ToXml for One<T> {
    fn write(&self, xml: &mut Xml) {
        xml.element(T::ONE, |xml| self.0.write(xml));
    }
}

/// An answer with a page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

impl<T: Shape> ToXml for Page<T> {
    fn write(&self, xml: &mut Xml) {
        xml.list(T::LIST, &self.items, |xml, item| item.write_listed(xml));
        xml.flag("IsTruncated", self.next.is_some());
        xml.optional("Marker", self.next.as_deref());
    }
}

/// An item of a list that is a name and nothing else: `PolicyNames`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct InlinePolicyName(
    /// The name.
    pub String,
);

/// Where a page starts and how long it is, as a request says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging<'a> {
    pub(super) marker: Option<&'a str>,
    pub(super) max_items: Option<u32>,
}

const DEFAULT_PAGE: u32 = 100;
const LONGEST_PAGE: u32 = 1000;

impl Paging<'_> {
    /// Refuses a length that no page has.
    pub(super) fn check(self) -> Result<(), Error> {
        match self.max_items {
            Some(0) => Err(out_of_range(0, "greater than or equal to 1")),
            Some(items) if items > LONGEST_PAGE => {
                Err(out_of_range(items, "less than or equal to 1000"))
            }
            _ => Ok(()),
        }
    }

    /// The page of `items`, which are in order of their names. `listing` says which list it is, so
    /// that a marker of another one is refused.
    pub(super) fn page<T>(
        self,
        step: &Step<'_>,
        listing: &str,
        items: impl Iterator<Item = (String, T)>,
    ) -> Result<Page<T>, Error> {
        self.page_of_weight(step, listing, |_| 0, items)
    }

    /// As [`Paging::page`], of items that weigh as many bytes as `weight` says.
    pub(super) fn page_of_weight<T>(
        self,
        step: &Step<'_>,
        listing: &str,
        weight: impl Fn(&T) -> usize,
        items: impl Iterator<Item = (String, T)>,
    ) -> Result<Page<T>, Error> {
        let listing = format!("iam/{}/{listing}", step.call.account());
        let markers = step.engine.markers();
        let start = markers.start(&listing, self.marker)?;
        let rest = items.skip_while(|(name, _)| start.as_ref().is_some_and(|start| name <= start));
        let limit = usize::try_from(self.max_items.unwrap_or(DEFAULT_PAGE));
        let page::Page { items, next } =
            markers.page_of_weight(&listing, limit.unwrap_or(1), weight, rest);
        Ok(Page { items, next })
    }
}

fn out_of_range(value: u32, bound: &str) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value '{value}' at 'maxItems' failed to satisfy constraint: \
         Member must have value {bound}"
    ))
}

/// Implements `check` and a method `paging` for the requests that list.
macro_rules! paged {
    ($request:ident) => {
        impl $request {
            fn paging(&self) -> $crate::service::iam::answers::Paging<'_> {
                $crate::service::iam::answers::Paging {
                    marker: self.marker.as_deref(),
                    max_items: self.max_items,
                }
            }
        }
    };
}

pub(super) use paged;

/// A point in time as the query protocol writes it.
pub(super) fn time(xml: &mut Xml, name: &'static str, time: Timestamp) {
    xml.text(name, &time.to_rfc3339());
}

/// The member `PermissionsBoundary`.
pub(super) fn boundary(xml: &mut Xml, boundary: Option<&PolicyArn>) {
    if let Some(arn) = boundary {
        xml.element("PermissionsBoundary", |xml| {
            xml.text("PermissionsBoundaryType", "Policy");
            xml.text("PermissionsBoundaryArn", arn.as_str());
        });
    }
}

/// A policy document, which answers carry percent-encoded (RFC 3986).
pub(super) fn document(xml: &mut Xml, name: &'static str, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len().saturating_mul(2));
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).map_or('0', |b| char::from(*b));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    xml.text(name, &encoded);
}
