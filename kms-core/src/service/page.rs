//! Pages of a listing, and the markers that continue one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Error;
use crate::api::limits::PageSize;
use crate::crypto::constant_time_eq;
use crate::crypto::mac::HmacSha256;

const MAC_LENGTH: usize = 16;

/// As many bytes of documents go into one page, give or take its last item: what a caller has
/// stored does not decide how much memory an answer takes.
const MOST_WEIGHT: usize = 1 << 20;

/// Makes and checks markers: where the last page ended, authenticated and bound to its listing, so
/// that a marker is of no use for anything but continuing the listing it was given out for.
#[derive(Debug)]
pub(super) struct Markers(HmacSha256);

impl Markers {
    /// Markers under a secret key of the store.
    #[must_use]
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(HmacSha256::new(key))
    }

    fn mac(&self, listing: &str, last: &str) -> [u8; 32] {
        let length = listing.len().to_be_bytes();
        self.0.tag(&[&length, listing.as_bytes(), last.as_bytes()])
    }

    fn make(&self, listing: &str, last: &str) -> String {
        let mac = self.mac(listing, last);
        let mut bytes = mac.iter().take(MAC_LENGTH).copied().collect::<Vec<u8>>();
        bytes.extend_from_slice(last.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(&self, listing: &str, marker: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
        let (mac, last) = bytes.split_at_checked(MAC_LENGTH)?;
        let last = std::str::from_utf8(last).ok()?;
        let expected = self.mac(listing, last);
        constant_time_eq(mac, expected.get(..MAC_LENGTH)?).then(|| last.to_owned())
    }

    /// Where the page after `marker` starts: after the item of that name; `None` for the first.
    ///
    /// # Errors
    /// [`Error::InvalidMarker`] for a marker that was not given out for `listing`.
    pub(super) fn start(
        &self,
        listing: &str,
        marker: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let Some(marker) = marker else {
            return Ok(None);
        };
        self.read(listing, marker)
            .map(Some)
            .ok_or_else(|| Error::InvalidMarker(marker.to_owned()))
    }

    /// Takes at most `limit` of `items` (which start after the marker) and the marker to go on
    /// with, if there are more.
    pub(super) fn page<T>(
        &self,
        listing: &str,
        limit: usize,
        items: impl Iterator<Item = (String, T)>,
    ) -> Page<T> {
        self.page_of_weight(listing, limit, |_| 0, items)
    }

    /// As [`Markers::page`], but the page ends, too, with the item by which its weight reaches
    /// [`MOST_WEIGHT`].
    pub(super) fn page_of_weight<T>(
        &self,
        listing: &str,
        limit: usize,
        weight: impl Fn(&T) -> usize,
        items: impl Iterator<Item = (String, T)>,
    ) -> Page<T> {
        let mut taken = Vec::new();
        let mut last = String::new();
        let mut weighed = 0_usize;
        for (name, item) in items {
            if taken.len() == limit || weighed >= MOST_WEIGHT {
                return Page {
                    items: taken,
                    next: Some(self.make(listing, &last)),
                };
            }
            last = name;
            weighed = weighed.saturating_add(weight(&item));
            taken.push(item);
        }
        Page {
            items: taken,
            next: None,
        }
    }
}

/// One page of a listing.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The marker of the next page, when there is one.
    pub next: Option<String>,
}

/// The page size that was asked for, within what the operation allows, or its default.
#[must_use]
pub(super) fn limit(asked: Option<i32>, size: PageSize) -> usize {
    let asked = asked.and_then(|asked| usize::try_from(asked).ok());
    asked.unwrap_or(size.default).min(size.max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(from: usize) -> impl Iterator<Item = (String, usize)> {
        (from..5).map(|number| (number.to_string(), number))
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let markers = Markers::new(&[1; 32]);
        let first = markers.page("ListKeys", 3, items(0));
        assert_eq!(first.items, [0, 1, 2]);
        let after = markers.start("ListKeys", first.next.as_deref()).unwrap();
        assert_eq!(after.as_deref(), Some("2"));
        let second = markers.page("ListKeys", 3, items(3));
        assert_eq!(second.items, [3, 4]);
        assert_eq!(second.next, None);
    }

    #[test]
    fn a_page_ends_with_the_item_that_makes_it_heavy() {
        let markers = Markers::new(&[1; 32]);
        let heavy = |from| markers.page_of_weight("L", 9, |_: &usize| MOST_WEIGHT / 2, items(from));
        let first = heavy(0);
        assert_eq!(first.items, [0, 1]);
        assert!(first.next.is_some());
        let last = heavy(3);
        assert_eq!(last.items, [3, 4]);
        assert_eq!(last.next, None);
    }

    #[test]
    fn a_marker_serves_its_own_listing_only() {
        let markers = Markers::new(&[1; 32]);
        let marker = markers.make("ListKeys", "2");
        assert!(markers.start("ListAliases", Some(&marker)).is_err());
        assert!(
            Markers::new(&[2; 32])
                .start("ListKeys", Some(&marker))
                .is_err()
        );
        for forged in [
            "",
            "AAAA",
            marker.get(..marker.len() - 1).unwrap(),
            &format!("{marker}A"),
        ] {
            assert!(markers.start("ListKeys", Some(forged)).is_err(), "{forged}");
        }
    }
}
