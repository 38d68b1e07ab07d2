//! Connections: HTTP and HTTPS on one port, and the proxy's tunnels.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::message::{Dropped, Service, Via, refusal};
use crate::clock::{Clock as _, SystemClock, within};

/// The timeout for a client's first byte and for a TLS handshake.
const GREETING: Duration = Duration::from_secs(30);

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// A listener that accepts connections until it is stopped.
pub(super) struct Listener {
    socket: TcpListener,
    acceptor: Option<TlsAcceptor>,
    service: Arc<Service>,
    stop: watch::Receiver<bool>,
}

impl Listener {
    pub(super) fn new(
        socket: TcpListener,
        acceptor: Option<TlsAcceptor>,
        service: Arc<Service>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { socket, acceptor, service, stop }
    }

    /// Accepts connections; after the stop, waits for open ones.
    pub(super) async fn run(self) {
        let mut stop = self.stop.clone();
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let stopped = pin!(stopped(&mut stop));
            match select(pin!(self.socket.accept()), stopped).await {
                Either::Left((Ok((stream, _)), _)) => {
                    let connection = Connection {
                        acceptor: self.acceptor.clone(),
                        service: Arc::clone(&self.service),
                        stop: self.stop.clone(),
                    };
                    connections.spawn(connection.open(stream));
                }
                // Too many open files, most likely: some will be closed soon.
                Either::Left((Err(_), _)) => SystemClock::new().sleep(Duration::from_millis(50)).await,
                Either::Right(_) => break,
            }
        }
        drop(self.socket);
        while connections.join_next().await.is_some() {}
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the server is gone, which is as good.
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// One connection, or one tunnel in it.
#[derive(Clone)]
struct Connection {
    acceptor: Option<TlsAcceptor>,
    service: Arc<Service>,
    stop: watch::Receiver<bool>,
}

impl Connection {
    /// Serves a new connection. The first byte distinguishes TLS from plain HTTP.
    async fn open(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let clock = SystemClock::new();
        let mut stop = self.stop.clone();
        let mut first = [0];
        let greeting = within(&clock, GREETING, stream.peek(&mut first));
        let greeted = match select(pin!(greeting), pin!(stopped(&mut stop))).await {
            Either::Left((Some(Ok(1)), _)) => true,
            Either::Left(_) | Either::Right(_) => false,
        };
        match (greeted, first == [HANDSHAKE]) {
            (true, true) => self.secure(stream, None).await,
            (true, false) => self.serve(stream, Via::plain()).await,
            (false, _) => {}
        }
    }

    /// Serves HTTP inside TLS; `tunnel` is the host of a `CONNECT`. Boxed, because a tunnel is served as a connection.
    fn secure(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        tunnel: Option<String>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(acceptor) = self.acceptor.clone() else { return };
            let clock = SystemClock::new();
            if let Some(Ok(stream)) = within(&clock, GREETING, acceptor.accept(stream)).await {
                self.serve(stream, Via::tls(tunnel)).await;
            }
        })
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, via: Via) {
        let mut stop = self.stop.clone();
        let via = Arc::new(via);
        let service = service_fn(move |request| self.clone().answer(Arc::clone(&via), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        match select(connection.as_mut(), pin!(stopped(&mut stop))).await {
            // A client that goes away is nothing to report.
            Either::Left(_) => {}
            Either::Right(_) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    async fn answer(
        self,
        via: Arc<Via>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Dropped> {
        if request.method() != Method::CONNECT {
            return self.service.answer(&via, request).await;
        }
        let target = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        if !self.service.tunnels_to(&target) || via.is_tunnel() {
            let text =
                format!("{target:?} is not simulated: only the hosts of Microsoft Graph and sign-in are");
            return Ok(refusal(StatusCode::FORBIDDEN, &text));
        }
        tokio::spawn(async move {
            if let Ok(upgraded) = hyper::upgrade::on(request).await {
                self.secure(TokioIo::new(upgraded), Some(target)).await;
            }
        });
        Ok(Response::new(Full::default()))
    }
}
