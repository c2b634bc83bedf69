//! The canonical request: the one spelling of a request that both sides hash.

use super::verify::SignedHeaders;
use super::{Malformed, Request, presigned};

/// A query parameter, name and value, both in canonical percent-encoding.
pub(super) type Parameter<'a> = (&'a str, &'a str);

const MOST_PARAMETERS: usize = 64;

/// Writes the canonical request into `out`, which is cleared first.
pub(super) fn write(
    request: &Request<'_>,
    signed_headers: SignedHeaders<'_>,
    presigned: bool,
    body_hash: &[u8; 64],
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    out.clear();
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    write_path(request.path, out)?;
    out.push(b'\n');
    if !request.query.is_empty() {
        write_query(request.query, presigned, out)?;
    }
    out.push(b'\n');
    for name in signed_headers.names() {
        let value = super::single_header(request, name)?.ok_or(Malformed::SignedHeaderAbsent)?;
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        write_value(value, out);
        out.push(b'\n');
    }
    out.push(b'\n');
    for (position, name) in signed_headers.names().enumerate() {
        if position > 0 {
            out.push(b';');
        }
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'\n');
    out.extend_from_slice(body_hash);
    Ok(())
}

/// Trims spaces and makes one of several.
fn write_value(value: &[u8], out: &mut Vec<u8>) {
    let mut words = value.split(|byte| *byte == b' ').filter(|w| !w.is_empty());
    if let Some(first) = words.next() {
        out.extend_from_slice(first);
    }
    for word in words {
        out.push(b' ');
        out.extend_from_slice(word);
    }
}

/// Encodes the path as sent once more, as every service but S3 does; a path that would have to be
/// normalised first is refused, since what it names depends on who normalises it.
fn write_path(path: &str, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let segments = path.strip_prefix('/').ok_or(Malformed::Path)?;
    let mut rest = segments.split('/').peekable();
    while let Some(segment) = rest.next() {
        let last = rest.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !last) {
            return Err(Malformed::Path);
        }
    }
    for byte in path.bytes() {
        if is_unreserved(byte) || byte == b'/' {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    Ok(())
}

fn write_query(query: &str, presigned: bool, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut parameters = parameters(query)?;
    parameters.retain(|(name, _)| !presigned || *name != presigned::SIGNATURE);
    parameters.sort_unstable();
    for (position, (name, value)) in parameters.iter().enumerate() {
        if position > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_bytes());
    }
    Ok(())
}

/// Splits a query string that is already in canonical percent-encoding.
///
/// Decoding and encoding again would give several spellings one signature.
pub(super) fn parameters(query: &str) -> Result<Vec<Parameter<'_>>, Malformed> {
    let mut parameters = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let valid = !name.is_empty() && is_canonical(name) && is_canonical(value);
        if !valid || parameters.len() == MOST_PARAMETERS {
            return Err(Malformed::Query);
        }
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// Whether every byte that needs it, and no other, is written `%XX` in upper case.
fn is_canonical(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if is_unreserved(byte) {
            continue;
        }
        let escaped = match (byte, bytes.next(), bytes.next()) {
            (b'%', Some(high), Some(low)) => upper_hex(high).zip(upper_hex(low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) if !is_unreserved((high << 4) | low) => {}
            _ => return false,
        }
    }
    true
}

/// What text in canonical percent-encoding stands for; `None` where that is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => (upper_hex(bytes.next()?)? << 4) | upper_hex(bytes.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(out).ok()
}

fn upper_hex(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
