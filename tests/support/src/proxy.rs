//! A TCP proxy in front of Postgres or Redis: what it does to connections is an outage for one
//! test.

use std::{
    net::SocketAddr,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// The first bytes that a client sent, which are kept to tell connections apart.
const KEPT: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Bytes flow.
    Open,
    /// Connections are closed, new ones refused.
    Cut,
    /// Nothing is closed and nothing moves: a server that hangs.
    Frozen,
}

/// The proxy: one port on loopback, one target.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<String>,
    connections: Mutex<Vec<Arc<Passed>>>,
}

/// A connection that is passed on.
#[derive(Debug, Default)]
struct Passed {
    /// What its client sent first.
    sent: Mutex<Vec<u8>>,
    silent: watch::Sender<bool>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to `target` (`host:port`).
    pub async fn start(target: String) -> Result<Self> {
        let listener = TcpListener::bind(crate::free_address()?).await?;
        let address = listener.local_addr()?;
        let (mode, seen) = watch::channel(Mode::Open);
        let shared = Arc::new(Shared { target: target.into(), connections: Mutex::default() });
        let task = tokio::spawn(serve(listener, shared.clone(), seen));
        Ok(Self { address, mode, shared, task })
    }

    /// Starts one in front of a Postgres, and gives the URL of a database by way of it.
    pub async fn of_database(url: &str) -> Result<(String, Self)> {
        let options = PgConnectOptions::from_str(url)?;
        let proxy = Self::start(format!("{}:{}", options.get_host(), options.get_port())).await?;
        let (host, port) = (proxy.address.ip().to_string(), proxy.address.port());
        Ok((options.host(&host).port(port).to_url_lossy().to_string(), proxy))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes new connections on to another target, as when an address moves. Those that exist stay
    /// where they are.
    pub fn move_to(&self, target: String) {
        *lock(&self.shared.target) = target;
    }

    /// Silences every connection that exists: for good, it takes all that is sent and says nothing.
    /// New ones work.
    pub fn silence(&self) {
        let _ = self.silence_those_that_sent(b"");
    }

    /// Silences the connections whose client has sent these bytes. Returns how many there were.
    #[must_use]
    pub fn silence_those_that_sent(&self, bytes: &[u8]) -> usize {
        let mut connections = lock(&self.shared.connections);
        connections.retain(|passed| !passed.silent.is_closed());
        let has_sent = |sent: &[u8]| {
            bytes.is_empty() || sent.windows(bytes.len()).any(|window| window == bytes)
        };
        let mut count = 0;
        for passed in connections.iter().filter(|passed| has_sent(&lock(&passed.sent))) {
            passed.silent.send_replace(true);
            count += 1;
        }
        count
    }

    /// Closes every connection and refuses new ones.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps connections, accepts new ones, and moves no byte.
    pub fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }

    /// All is well again, except for connections that were silenced.
    pub fn restore(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(first: TcpListener, shared: Arc<Shared>, mut mode: watch::Receiver<Mode>) {
    let Ok(address) = first.local_addr() else {
        return;
    };
    let mut listener = Some(first);
    loop {
        if *mode.borrow_and_update() == Mode::Cut {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            Ok((client, _)) = accepted => {
                tokio::spawn(pass(client, shared.clone(), mode.clone()));
            }
        }
    }
}

/// Moves bytes while the mode is open, holds still while it is frozen, ends when it is cut.
async fn pass(client: TcpStream, shared: Arc<Shared>, mut mode: watch::Receiver<Mode>) {
    if mode.wait_for(|mode| *mode != Mode::Frozen).await.is_err() {
        return;
    }
    let target = lock(&shared.target).clone();
    let Ok(server) = TcpStream::connect(&target).await else {
        return;
    };
    let passed = Arc::new(Passed::default());
    let _open = passed.silent.subscribe();
    lock(&shared.connections).push(passed.clone());
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let requests = copy(from_client, to_server, &passed, true);
    let replies = copy(from_server, to_client, &passed, false);
    let both = async { tokio::join!(requests, replies) };
    let mut both = std::pin::pin!(both);
    loop {
        let now = *mode.borrow_and_update();
        if now == Mode::Cut {
            return;
        }
        tokio::select! {
            biased;
            changed = mode.changed() => if changed.is_err() { return },
            _ = &mut both, if now == Mode::Open => return,
        }
    }
}

/// Copies bytes until their source ends. Those of a silent connection are thrown away, and its end
/// is kept back.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passed: &Passed,
    of_client: bool,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if *passed.silent.borrow() {
            if count == 0 {
                std::future::pending::<()>().await;
            }
            continue;
        }
        if count == 0 {
            return to.shutdown().await;
        }
        if of_client {
            let mut sent = lock(&passed.sent);
            let room = KEPT.saturating_sub(sent.len());
            sent.extend(bytes.iter().take(room));
        }
        to.write_all(bytes).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn echo_server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address.to_string()
    }

    async fn echo(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_u8(7).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn silences_what_exists_and_moves_what_is_new() {
        let proxy = Proxy::start(echo_server().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(echo(&mut stream).await.unwrap(), 7);
        assert_eq!(proxy.silence_those_that_sent(&[8]), 0);
        assert_eq!(echo(&mut stream).await.unwrap(), 7);
        assert_eq!(proxy.silence_those_that_sent(&[7]), 1);
        let silent = tokio::time::timeout(Duration::from_millis(100), echo(&mut stream)).await;
        silent.unwrap_err();
        let mut fresh = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(echo(&mut fresh).await.unwrap(), 7);

        proxy.move_to("127.0.0.1:1".to_owned());
        assert_eq!(echo(&mut fresh).await.unwrap(), 7);
        let mut moved = TcpStream::connect(proxy.address()).await.unwrap();
        echo(&mut moved).await.unwrap_err();
    }

    #[tokio::test]
    async fn passes_bytes_freezes_cuts_and_restores() {
        let proxy = Proxy::start(echo_server().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(echo(&mut stream).await.unwrap(), 7);

        proxy.freeze();
        tokio::task::yield_now().await;
        let frozen = tokio::time::timeout(Duration::from_millis(100), echo(&mut stream)).await;
        frozen.unwrap_err();
        proxy.restore();
        assert_eq!(stream.read_u8().await.unwrap(), 7);

        proxy.cut();
        echo(&mut stream).await.unwrap_err();
        crate::eventually_true("refuses", Duration::from_secs(5), async || {
            Ok(TcpStream::connect(proxy.address()).await.is_err())
        })
        .await
        .unwrap();

        proxy.restore();
        let again = crate::eventually("accepts", Duration::from_secs(5), async || {
            let mut stream = TcpStream::connect(proxy.address()).await?;
            Ok(Some(echo(&mut stream).await?))
        });
        assert_eq!(again.await.unwrap(), 7);
    }
}
