//! Visitors of the apis who say half of what they have to say, or nothing.

use super::schedule::Plan;
use super::{Begun, Fault};
use crate::cluster::Cluster;
use anyhow::Result;
use e2e::Kind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The visitors of each api.
const VISITORS: usize = 300;
const HALF_A_HEAD: &[u8] = b"POST /subscribe HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: ";
const HALF_A_BODY: &[u8] =
    b"POST /subscribe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n{";

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    if plan.fault != Fault::HalfRequests {
        return None;
    }
    let members = cluster.members.iter().filter_map(|member| member.try_lock().ok());
    let apis = members.filter(|member| member.kind() == Kind::Api);
    let addresses: Vec<SocketAddr> = apis.map(|member| member.address()).collect();
    Some(Begun::new("apis", visit(addresses, plan.lasts)))
}

/// A third says nothing, a third half a head, a third half a body. Who is turned away has visited.
async fn visit(addresses: Vec<SocketAddr>, lasts: Duration) -> Result<()> {
    let mut visitors = Vec::new();
    for address in addresses {
        for said in [b"".as_slice(), HALF_A_HEAD, HALF_A_BODY].into_iter().cycle().take(VISITORS) {
            let Ok(mut visitor) = TcpStream::connect(address).await else { break };
            visitor.write_all(said).await.ok();
            visitors.push(visitor);
        }
    }
    sleep(lasts).await;
    Ok(())
}
