//! One keep-alive connection of the smallest HTTP/1.1 client that will do: the load generator shares
//! the cores with what it measures.

use std::io::{self, Error, ErrorKind};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More headers than any answer here has.
const HEADERS_MAX: usize = 32;

/// A connection that opens itself again after an error.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    inbox: Vec<u8>,
}

/// An answer, as far as a load generator looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Its own bytes.
    length: usize,
    /// The bytes of the body behind it.
    body: usize,
}

impl Connection {
    /// Nothing is connected yet.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, inbox: Vec::with_capacity(4096) }
    }

    /// Connects, unless it is connected.
    pub(crate) async fn open(&mut self) -> io::Result<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(|| Error::from(ErrorKind::NotConnected))
    }

    /// Sends a whole request and waits for the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        match self.exchange(request).await {
            Ok(head) => {
                let body = self.inbox.get(head.length..head.length + head.body);
                Ok(Reply { status: head.status, body: body.unwrap_or_default() })
            }
            Err(error) => {
                self.stream = None;
                Err(error)
            }
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Head> {
        self.inbox.clear();
        let mut inbox = std::mem::take(&mut self.inbox);
        let stream = self.open().await?;
        stream.write_all(request).await?;
        let mut head = None;
        loop {
            if stream.read_buf(&mut inbox).await? == 0 {
                return Err(Error::from(ErrorKind::UnexpectedEof));
            }
            if head.is_none() {
                head = parse(&inbox)?;
            }
            match head {
                Some(head) if inbox.len() >= head.length + head.body => {
                    self.inbox = inbox;
                    return Ok(head);
                }
                _ => {}
            }
        }
    }
}

/// The head of an answer, once it is all there.
fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
    let invalid = |error: &str| Error::new(ErrorKind::InvalidData, error.to_owned());
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| invalid(&error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    let found = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
    let found = found.ok_or_else(|| invalid("an answer without a content-length"))?;
    let body = std::str::from_utf8(found.value).ok().and_then(|text| text.parse().ok());
    let body = body.ok_or_else(|| invalid("a bad content-length"))?;
    Ok(Some(Head { status, length, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_known_when_it_is_complete() {
        let whole = b"HTTP/1.1 201 Created\r\ncontent-type: x\r\nContent-Length: 2\r\n\r\n{}";
        let half = &whole[..40];
        assert_eq!(parse(half).unwrap(), None);
        let head = Head { status: 201, length: whole.len() - 2, body: 2 };
        assert_eq!(parse(whole).unwrap(), Some(head));
    }

    #[test]
    fn answer_of_unknown_length_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
        assert!(parse(b"SMTP\r\n\r\n").is_err());
    }
}
