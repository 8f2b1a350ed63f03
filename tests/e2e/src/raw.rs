//! HTTP as bytes, for what a well-behaved client library will not send.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::answer::Answer;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends `bytes` on a connection of its own and reads until the server closes it, so the request
/// should say `Connection: close`. A server may answer and close before it has read everything.
pub async fn raw_request(address: SocketAddr, bytes: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let (mut read, mut write) = stream.split();
    let mut received = Vec::new();
    let exchange = async { tokio::join!(write.write_all(bytes), read.read_to_end(&mut received)) };
    let (_, end) = timeout(PATIENCE, exchange).await.context("no end of the answer")?;
    let label = String::from_utf8_lossy(bytes.get(..bytes.len().min(40)).unwrap_or_default());
    parse(&label, &received)
        .with_context(|| format!("{label:?} -> {:?} ({end:?})", String::from_utf8_lossy(&received)))
}

fn parse(label: &str, received: &[u8]) -> Result<Answer> {
    let split = received.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("no head")?;
    let (head, rest) = received.split_at(split);
    let mut lines = std::str::from_utf8(head)?.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').context("no colon in a header")?;
        headers.append(HeaderName::try_from(name)?, HeaderValue::from_str(value.trim())?);
    }
    Ok(Answer {
        request: label.to_owned(),
        status: status.parse()?,
        headers,
        body: rest.get(4..).unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_headers_and_body() {
        let text = b"HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nX: a: b\r\n\r\n{}";
        let answer = parse("GET /x", text).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (405, "{}"));
        assert_eq!((answer.header("allow"), answer.header("x")), (Some("POST"), Some("a: b")));
    }
}
