//! A `client-request-id` for every call, the same on each of its tries.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{Middleware, Next};
use crate::error::Result;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

#[derive(Debug)]
pub(crate) struct RequestId;

#[async_trait]
impl Middleware for RequestId {
    async fn handle(
        &self,
        mut request: http::Request<Bytes>,
        next: Next<'_>,
    ) -> Result<http::Response<Bytes>> {
        let id = match request.headers().get(CLIENT_REQUEST_ID) {
            Some(id) => id.clone(),
            None => {
                let id = HeaderValue::try_from(random_guid())
                    .unwrap_or_else(|_| HeaderValue::from_static("unknown"));
                request.headers_mut().insert(CLIENT_REQUEST_ID, id.clone());
                id
            }
        };
        match next.run(request).await {
            Err(error) => Err(error.with_client_request_id(id.to_str().unwrap_or_default())),
            Ok(mut response) => {
                // So that an error made of this answer can name it even where the service does not echo it.
                response.headers_mut().entry(CLIENT_REQUEST_ID).or_insert(id);
                Ok(response)
            }
        }
    }
}

/// A random GUID (version 4). It names a request; nothing depends on its being hard to guess.
pub(crate) fn random_guid() -> String {
    let random = fastrand::u128(..);
    let versioned = (random & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{versioned:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
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
