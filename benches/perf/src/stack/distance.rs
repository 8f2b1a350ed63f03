//! A Postgres on another machine: a relay that hands on what came a while later.

use anyhow::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// There, and the same back: with the millisecond that a timer is late, a round trip of 2 to 4 ms,
/// as between zones of a data centre that are not near.
const WAY: Duration = Duration::from_millis(1);

/// More than a statement of a small batch, or its answer, so that each waits once.
const CHUNK: usize = 256 * 1024;

/// The relay. It ends with its owner.
pub(super) struct Distance {
    pub(super) address: SocketAddr,
    _relay: JoinSet<()>,
}

impl Distance {
    /// Relays to `target`.
    pub(super) async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, mut relay) = (listener.local_addr()?, JoinSet::new());
        relay.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connect(near, target));
            }
        });
        Ok(Self { address, _relay: relay })
    }
}

async fn connect(near: TcpStream, target: SocketAddr) -> Result<()> {
    let far = TcpStream::connect(target).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near, far) = (near.into_split(), far.into_split());
    tokio::try_join!(one_way(near.0, far.1), one_way(far.0, near.1))?;
    Ok(())
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK);
    while from.read_buf(&mut chunk).await? > 0 {
        tokio::time::sleep(WAY).await;
        to.write_all(&chunk).await?;
        chunk.clear();
    }
    Ok(to.shutdown().await?)
}
