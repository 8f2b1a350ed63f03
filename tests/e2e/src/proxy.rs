//! A TCP proxy in front of Postgres, which the tests share: cutting it is an outage for one test.

use std::{net::SocketAddr, str::FromStr};

use anyhow::Result;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

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
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to `target` (`host:port`).
    pub async fn start(target: String) -> Result<Self> {
        let listener = TcpListener::bind(support::free_address()?).await?;
        let address = listener.local_addr()?;
        let (mode, seen) = watch::channel(Mode::Open);
        let task = tokio::spawn(serve(listener, target, seen));
        Ok(Self { address, mode, task })
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

    /// Closes every connection and refuses new ones.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps connections, accepts new ones, and moves no byte.
    pub fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }

    /// All is well again.
    pub fn restore(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(first: TcpListener, target: String, mut mode: watch::Receiver<Mode>) {
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
                tokio::spawn(pass(client, target.clone(), mode.clone()));
            }
        }
    }
}

/// Moves bytes while the mode is open, holds still while it is frozen, ends when it is cut.
async fn pass(mut client: TcpStream, target: String, mut mode: watch::Receiver<Mode>) {
    if mode.wait_for(|mode| *mode != Mode::Frozen).await.is_err() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(&target).await else {
        return;
    };
    let mut copy = std::pin::pin!(copy_bidirectional(&mut client, &mut server));
    loop {
        let now = *mode.borrow_and_update();
        if now == Mode::Cut {
            return;
        }
        tokio::select! {
            biased;
            changed = mode.changed() => if changed.is_err() { return },
            _ = &mut copy, if now == Mode::Open => return,
        }
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
