//! A line to the domain controller that can be cut, or go dead.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    Cut,
    Dead,
}

/// A port on loopback behind which the domain controller is, until it is not.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    line: watch::Sender<Line>,
    /// What was sent into the dead line.
    swallowed: Arc<Notify>,
}

impl Proxy {
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (line, state) = watch::channel(Line::Open);
        let swallowed = Arc::new(Notify::new());
        let (server, notify) = (server.to_owned(), Arc::clone(&swallowed));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(forward(from_client, to_server, state.clone(), Arc::clone(&notify)));
                tokio::spawn(forward(from_server, to_client, state.clone(), Arc::new(Notify::new())));
            }
        });
        Self { port, line, swallowed }
    }

    /// As if the server had been stopped.
    pub(crate) fn cut(&self) {
        self.line.send(Line::Cut).unwrap();
    }

    /// As if a firewall had forgotten the connection.
    pub(crate) fn go_dead(&self) {
        self.line.send(Line::Dead).unwrap();
    }

    /// Waits until something was sent into the dead line.
    pub(crate) async fn swallowed(&self) {
        self.swallowed.notified().await;
    }
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    swallowed: Arc<Notify>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let state = *line.borrow_and_update();
        if state == Line::Cut {
            return;
        }
        tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) if *line.borrow() == Line::Dead => swallowed.notify_one(),
                Ok(count) => if to.write_all(&buffer[..count]).await.is_err() { return },
            },
            changed = line.changed() => if changed.is_err() { return },
        }
    }
}
