//! A Postgres on another machine: a relay that hands on every byte a while after it came.
//!
//! It makes the way longer, and nothing else: what is under way meanwhile is not held up.

use anyhow::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// There, and the same back: with the millisecond that a timer is late, a round trip of 2 to 4 ms, as
/// between zones of a data centre that are not near.
const WAY: Duration = Duration::from_millis(1);

/// What one read takes at most.
const CHUNK: usize = 64 * 1024;

/// Chunks that may be under way, of one connection in one direction.
const UNDER_WAY_MAX: usize = 1024;

/// The relay. It ends with its owner.
pub(crate) struct Distance {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    relay: JoinHandle<()>,
}

impl Distance {
    /// Relays to `target`.
    pub(crate) async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let relay = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connect(near, target));
            }
        });
        Ok(Self { address, relay })
    }
}

impl Drop for Distance {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn connect(near: TcpStream, target: SocketAddr) -> Result<()> {
    let far = TcpStream::connect(target).await?;
    for stream in [&near, &far] {
        stream.set_nodelay(true)?;
    }
    let (near, far) = (near.into_split(), far.into_split());
    tokio::try_join!(one_way(near.0, far.1), one_way(far.0, near.1))?;
    Ok(())
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<()> {
    let (under_way, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY_MAX);
    let read = async move {
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = from.read(&mut chunk).await?;
            let bytes = chunk.iter().take(length).copied().collect();
            if length == 0 || under_way.send((Instant::now() + WAY, bytes)).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = arriving.recv().await {
            sleep_until(due).await;
            to.write_all(&bytes).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_arrive_in_order_and_late() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let distance = Distance::to(server.local_addr().unwrap()).await.unwrap();
        let mut client = TcpStream::connect(distance.address).await.unwrap();
        let (mut far, _) = server.accept().await.unwrap();
        let sent = Instant::now();
        client.write_all(b"one ").await.unwrap();
        client.write_all(b"two").await.unwrap();
        let mut seen = [0; 7];
        far.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"one two");
        assert!(sent.elapsed() >= WAY);
        drop(client);
        assert_eq!(far.read(&mut seen).await.unwrap(), 0, "the end is handed on, too");
    }
}
