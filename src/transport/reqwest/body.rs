//! Bounded reading and decompression of response bodies.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::transport::{TransportError, TransportErrorKind};

/// A reader of a body in pieces. The decompressed body never exceeds the limit, however small it was on the wire.
pub(super) struct BodyReader {
    decoder: Decoder,
    any: bool,
}

enum Decoder {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
}

impl BodyReader {
    /// Creates a reader for a response with these headers; `length` is its announced length on the wire, `max` the
    /// limit.
    pub(super) fn new(headers: &HeaderMap, length: Option<u64>, max: usize) -> Result<Self, TransportError> {
        let length = usize::try_from(length.unwrap_or_default()).unwrap_or(usize::MAX);
        if length > max {
            return Err(too_large(max));
        }
        let mut encodings = headers.get_all(CONTENT_ENCODING).into_iter();
        let encoding = encodings.next().map_or("", |value| value.to_str().unwrap_or("?").trim());
        let gzip = match (encoding.to_ascii_lowercase().as_str(), encodings.next()) {
            ("" | "identity", None) => false,
            ("gzip" | "x-gzip", None) => true,
            _ => return Err(unusable("the body has an unsupported content encoding")),
        };
        let capped = Capped { bytes: Vec::with_capacity(length.min(MAX_PREALLOCATED)), max, exceeded: false };
        let decoder = match gzip {
            true => Decoder::Gzip(Box::new(MultiGzDecoder::new(capped))),
            false => Decoder::Plain(capped),
        };
        Ok(Self { decoder, any: false })
    }

    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), TransportError> {
        self.any |= !piece.is_empty();
        let (result, capped) = match &mut self.decoder {
            Decoder::Plain(capped) => (capped.write_all(piece), &*capped),
            Decoder::Gzip(gzip) => (gzip.write_all(piece), gzip.get_ref()),
        };
        match result {
            Ok(()) => Ok(()),
            Err(_) if capped.exceeded => Err(too_large(capped.max)),
            Err(_) => Err(not_gzip()),
        }
    }

    /// Returns the decompressed bytes so far.
    pub(super) fn so_far(&self) -> &[u8] {
        match &self.decoder {
            Decoder::Plain(capped) => &capped.bytes,
            Decoder::Gzip(gzip) => &gzip.get_ref().bytes,
        }
    }

    pub(super) fn finish(self) -> Result<Bytes, TransportError> {
        let capped = match self.decoder {
            Decoder::Plain(capped) => capped,
            // A missing body, as with 204 and 304, is not broken gzip.
            Decoder::Gzip(_) if !self.any => return Ok(Bytes::new()),
            Decoder::Gzip(mut gzip) => {
                let max = gzip.get_ref().max;
                if gzip.try_finish().is_err() {
                    return Err(if gzip.get_ref().exceeded { too_large(max) } else { not_gzip() });
                }
                (*gzip).finish().map_err(|_| not_gzip())?
            }
        };
        Ok(capped.bytes.into())
    }
}

/// The maximum number of bytes that are allocated because of `Content-Length`, before they arrive.
const MAX_PREALLOCATED: usize = 1 << 20;

struct Capped {
    bytes: Vec<u8>,
    max: usize,
    exceeded: bool,
}

impl Write for Capped {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > self.max.saturating_sub(self.bytes.len()) {
            self.exceeded = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_large(max: usize) -> TransportError {
    unusable(format!("the body is larger than the limit of {max} bytes: raise `with_max_body_bytes`"))
}

fn not_gzip() -> TransportError {
    unusable("the body is not valid gzip, although its content encoding is gzip")
}

fn unusable(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::Body, message)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn read(encoding: &'static str, wire: &[u8], piece: usize, max: usize) -> Result<Bytes, TransportError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        let mut reader = BodyReader::new(&headers, None, max)?;
        for piece in wire.chunks(piece.max(1)) {
            reader.push(piece)?;
        }
        reader.finish()
    }

    #[test]
    fn decompression_stops_at_the_limit() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        assert!(bomb.len() < 2_000);
        let error = read("gzip", &bomb, 4096, 1 << 16).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Body);
        assert!(error.to_string().contains("65536 bytes"), "{error}");
        assert_eq!(read("gzip", &bomb, 4096, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn the_limit_is_the_last_length_that_passes() {
        assert_eq!(read("identity", b"1234", 3, 4).unwrap(), "1234");
        for refused in
            [read("identity", b"12345", 3, 4).err(), BodyReader::new(&HeaderMap::new(), Some(5), 4).err()]
        {
            let error = refused.unwrap();
            assert!(error.to_string().contains("4 bytes"), "{error}");
        }
        assert!(BodyReader::new(&HeaderMap::new(), Some(4), 4).is_ok());
    }

    #[test]
    fn a_body_unlike_its_headers_is_an_error() {
        let good = gzip(b"{\"value\":[]}");
        let mut wrong_sum = good.clone();
        let at = wrong_sum.len() - 8;
        wrong_sum[at] ^= 1;
        for wire in [b"not gzip".as_slice(), &good[..good.len() - 3], &good[..7], &wrong_sum, b"\x1f\x8b"] {
            let error = read("gzip", wire, 5, 1 << 20).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Body);
            assert!(error.to_string().contains("not valid gzip"), "{error}");
        }
        for encoding in ["br", "gzip, gzip", "deflate"] {
            let error = read(encoding, &good, 5, 1 << 20).unwrap_err();
            assert!(error.to_string().contains("unsupported content encoding"), "{encoding}: {error}");
        }
    }

    #[test]
    fn a_second_content_encoding_is_refused_in_a_header_of_its_own() {
        for encodings in [["gzip", "br"], ["identity", "gzip"], ["gzip", "gzip"]] {
            let mut headers = HeaderMap::new();
            for encoding in encodings {
                headers.append(CONTENT_ENCODING, encoding.parse().unwrap());
            }
            let error = BodyReader::new(&headers, None, 1 << 20).err().unwrap();
            assert_eq!(error.kind(), TransportErrorKind::Body, "{encodings:?}");
            assert!(error.to_string().contains("unsupported content encoding"), "{error}");
        }
    }

    #[test]
    fn a_missing_body_is_not_broken_gzip() {
        assert_eq!(read("gzip", b"", 1, 0).unwrap(), "");
    }

    proptest! {
        #[test]
        fn compressed_bodies_survive_any_chunking(plain: Vec<u8>, more: Vec<u8>, piece in 1_usize..64) {
            prop_assert_eq!(&read("GZIP", &gzip(&plain), piece, plain.len()).unwrap(), &plain);
            let members = [gzip(&plain), gzip(&more)].concat();
            prop_assert_eq!(read("x-gzip", &members, piece, 1 << 20).unwrap(), [plain, more].concat());
        }

        #[test]
        fn garbage_is_an_error_or_a_body_and_never_a_panic(wire: Vec<u8>, piece in 1_usize..64) {
            let _ = read("gzip", &wire, piece, 1 << 16);
        }
    }
}
