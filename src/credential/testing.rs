//! A scripted sign-in service for the tests of credentials.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;

use super::oauth::App;
use super::{SignInTransport, TokenRequest};
use crate::clock::FakeClock;
use crate::error::{Error, Result};
use crate::transport::{TransportError, TransportErrorKind};

pub(super) const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

pub(super) fn app() -> App {
    App::new("contoso.com".parse().unwrap(), CLIENT_ID).unwrap()
}

pub(super) fn answer(status: u16, body: &str) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
    answer
}

/// Returns a response with a token of this name, which lives for one hour.
pub(super) fn token(name: &str) -> http::Response<Bytes> {
    answer(200, &format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{name}"}}"#))
}

/// Returns an OAuth refusal.
pub(super) fn refused(error: &str, code: u32) -> http::Response<Bytes> {
    answer(400, &format!(r#"{{"error":"{error}","error_description":"AADSTS{code}: Words."}}"#))
}

/// A transport that returns its responses in order, and a lost connection after the last one.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) clock: FakeClock,
    answers: Mutex<VecDeque<http::Response<Bytes>>>,
    sent: Mutex<Vec<http::Request<Bytes>>>,
}

impl Script {
    pub(super) fn new(answers: impl IntoIterator<Item = http::Response<Bytes>>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        Self { clock: FakeClock::new(), answers, sent: Mutex::default() }
    }

    pub(super) fn request(&self) -> TokenRequest<'_> {
        TokenRequest {
            authority: "https://login.example",
            scope: "https://graph.example/.default",
            claims: None,
            answers_challenges: false,
            early_refresh: false,
            deadline: None,
            clock: &self.clock,
            transport: self,
        }
    }

    pub(super) fn sent(&self) -> Vec<http::Request<Bytes>> {
        self.sent.lock().unwrap().clone()
    }

    /// Returns the decoded fields of each form that was sent.
    pub(super) fn forms(&self) -> Vec<Vec<(String, String)>> {
        let decode = |text: &str| {
            let mut bytes = Vec::new();
            let mut rest = text.as_bytes();
            while let Some((first, tail)) = rest.split_first() {
                let hex = || u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap();
                let (byte, tail) = if *first == b'%' { (hex(), &tail[2..]) } else { (*first, tail) };
                bytes.push(byte);
                rest = tail;
            }
            String::from_utf8(bytes).unwrap()
        };
        let form = |request: &http::Request<Bytes>| {
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            let pairs = body.split('&').map(|pair| pair.split_once('=').unwrap());
            pairs.map(|(name, value)| (name.to_owned(), decode(value))).collect()
        };
        self.sent.lock().unwrap().iter().map(form).collect()
    }

    /// Returns a field of the form at `index`.
    pub(super) fn field(&self, index: usize, name: &str) -> Option<String> {
        self.forms()[index].iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

#[async_trait]
impl SignInTransport for Script {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        self.sent.lock().unwrap().push(request);
        let lost = || Error::from_transport(TransportError::new(TransportErrorKind::Connect, "lost"));
        self.answers.lock().unwrap().pop_front().ok_or_else(lost)
    }
}
