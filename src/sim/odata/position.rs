//! Positions of pages, and opaque links to them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use crate::sim::error::Failure;
use crate::sim::exchange::Exchange;

/// The start of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Start {
        skip: usize,
    },
    /// After a row, in the order of rows.
    Behind(u64),
    /// An index in a kept listing with another order.
    Of {
        listing: u64,
        index: usize,
    },
}

/// Returns the link to the page at `position`: the request's own address with a token.
pub(super) fn next_link(exchange: &Exchange<'_>, position: Position) -> String {
    let request = exchange.request;
    let mut link = format!("{}/{}{}?", request.origin, request.version, request.path);
    let kept = |key: &str| {
        !["skiptoken", "skip"].contains(&key.trim_start_matches('$').to_ascii_lowercase().as_str())
    };
    for (key, value) in request.query.iter().filter(|(key, _)| kept(key)) {
        link.push_str(&encode(key));
        link.push('=');
        link.push_str(&encode(value));
        link.push('&');
    }
    link.push_str("$skiptoken=");
    link.push_str(&token(exchange.state.options.seed, position));
    link
}

fn token(seed: u64, position: Position) -> String {
    let (kind, number, index) = match position {
        Position::Start { skip } => (b'S', skip as u64, 0),
        Position::Behind(row) => (b'B', row, 0),
        Position::Of { listing, index } => (b'L', listing, index as u64),
    };
    seal(seed, &[&[kind][..], &number.to_be_bytes()[..], &index.to_be_bytes()[..]].concat())
}

/// Encodes text opaquely and tamper-evidently.
pub(crate) fn seal(seed: u64, content: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([content, &mark(seed, content).to_be_bytes()[..]].concat())
}

/// Decodes the content of [`seal`]; `None` for anything else.
pub(crate) fn unseal(seed: u64, text: &str) -> Option<Vec<u8>> {
    let mut content = URL_SAFE_NO_PAD.decode(text).ok()?;
    let given = content.split_off(content.len().checked_sub(8)?);
    (given == mark(seed, &content).to_be_bytes()).then_some(content)
}

/// Computes FNV-1a keyed by the seed: against accidents, not attackers.
fn mark(seed: u64, content: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.rotate_left(17);
    content.iter().fold(start, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

pub(super) fn read(exchange: &Exchange<'_>, token: &str) -> Result<Position, Failure> {
    let content = unseal(exchange.state.options.seed, token).ok_or_else(stale_token)?;
    let (kind, numbers) = content.split_first().ok_or_else(stale_token)?;
    let (number, index) = numbers.split_at_checked(8).ok_or_else(stale_token)?;
    let read = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).map_err(|_| stale_token());
    let (number, index) = (read(number)?, read(index)?);
    let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    match kind {
        b'S' => Ok(Position::Start { skip: small(number) }),
        b'B' => Ok(Position::Behind(number)),
        b'L' => Ok(Position::Of { listing: number, index: small(index) }),
        _ => Err(stale_token()),
    }
}

pub(super) fn stale_token() -> Failure {
    Failure::plain(
        StatusCode::BAD_REQUEST,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired and can no longer be included in your request.",
    )
}

/// Returns a token of the first page, by which a link to it differs from the first request.
pub(crate) fn first_page_token(seed: u64) -> String {
    token(seed, Position::Start { skip: 0 })
}

/// Percent-encodes characters that a query does not allow.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'$'
            | b','
            | b'('
            | b')'
            | b'\''
            | b':'
            | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    encoded
}
