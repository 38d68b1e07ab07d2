//! A `client-request-id` for every call, shared by its attempts.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use crate::error::Result;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Returns the id of a request, and sets one if there is none.
pub(super) fn ensure(request: &mut http::Request<Bytes>) -> HeaderValue {
    let id = request.headers_mut().entry(CLIENT_REQUEST_ID);
    id.or_insert_with(|| {
        HeaderValue::try_from(random_guid()).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    })
    .clone()
}

/// Adds the request's id to the outcome.
pub(super) fn attach(
    outcome: Result<http::Response<Bytes>>,
    id: HeaderValue,
) -> Result<http::Response<Bytes>> {
    match outcome {
        Err(error) => Err(error.with_client_request_id(id.to_str().unwrap_or_default())),
        Ok(mut response) => {
            // An error built from this response then names the id, even if the service does not echo it.
            response.headers_mut().entry(CLIENT_REQUEST_ID).or_insert(id);
            Ok(response)
        }
    }
}

/// Returns a random GUID (version 4). It identifies a request and need not be unpredictable.
pub(crate) fn random_guid() -> String {
    let random = fastrand::u128(..);
    let versioned = (random & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    let mut guid = Vec::with_capacity(36);
    for (place, byte) in versioned.to_be_bytes().into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            guid.push(b'-');
        }
        let digit = |digit| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit };
        guid.extend([digit(byte >> 4), digit(byte & 0xf)]);
    }
    String::from_utf8(guid).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_guid_has_the_shape_of_version_4() {
        for _ in 0..100 {
            let guid = random_guid();
            let parts: Vec<&str> = guid.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{guid}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{guid}");
        }
    }
}
