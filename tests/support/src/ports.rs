//! Free TCP ports for the processes of a test.

use std::{
    collections::HashSet,
    hash::{BuildHasher, Hasher, RandomState},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
};

use anyhow::{Result, bail};

/// Below Linux' ephemeral range (32768 and up), so that no outgoing connection of another test
/// can take a port while its server restarts.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A loopback address nobody listens on at this moment. Another process may take it before it is
/// used; who starts a server on it must be ready to ask for another.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..1_000 {
        // Each RandomState has keys of its own: chance enough for choosing ports.
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
