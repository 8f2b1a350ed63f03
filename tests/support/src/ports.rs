//! Free TCP ports for the processes of a test.

use std::{
    collections::HashSet,
    hash::{BuildHasher, Hasher, RandomState},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
};

use anyhow::{Result, bail};

/// The first port. All are below the ephemeral range of Linux (32768 and up), so that no outgoing
/// connection of another test gets a port while its server restarts.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A loopback address at which nothing listens at this moment. Another process may take it before
/// it is used, so a caller that starts a server must be ready to call this again.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..1_000 {
        // Each RandomState has other keys, which is random enough for choosing ports.
        let draw = RandomState::new().build_hasher().finish();
        let port = FIRST + u16::try_from(draw % u64::from(COUNT))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let fresh = TAKEN
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .insert(port);
        if fresh && TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port between {FIRST} and {}", FIRST + COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_gives_a_port_twice_nor_one_in_use() {
        let mut seen = HashSet::new();
        for _ in 0..50 {
            let address = free_address().unwrap();
            assert!(seen.insert(address.port()));
            drop(TcpListener::bind(address).unwrap());
        }
    }
}
