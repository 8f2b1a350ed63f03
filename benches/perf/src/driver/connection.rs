//! One keep-alive HTTP/1.1 connection.

use std::io::{self, Error, ErrorKind};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More headers than any answer of the product has.
const HEADERS_MAX: usize = 32;

/// A connection that opens itself again after an error.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    inbox: Vec<u8>,
}

/// An answer.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Reply<'_> {
    /// A header, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(self.head).ok()?;
        value(&response, name).map(ToOwned::to_owned)
    }
}

impl Connection {
    /// Nothing is connected yet.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, inbox: Vec::with_capacity(4096) }
    }

    /// Connects, unless it is connected.
    pub(crate) async fn open(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Sends a whole request and waits for the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.open().await?;
        // Only a connection that has answered is used again.
        let mut stream = self.stream.take().ok_or(ErrorKind::NotConnected)?;
        self.inbox.clear();
        stream.write_all(request).await?;
        let (status, length) = loop {
            if stream.read_buf(&mut self.inbox).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match parse(&self.inbox)? {
                Some((status, head, body)) if self.inbox.len() >= head + body => {
                    break (status, head);
                }
                _ => {}
            }
        };
        self.stream = Some(stream);
        let (head, body) = self.inbox.split_at(length);
        Ok(Reply { status, head, body })
    }

    /// The body of `GET path`, which must be answered with 200.
    pub(crate) async fn page(&mut self, path: &str) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let reply = self.ask(request.as_bytes()).await?;
        let body = String::from_utf8_lossy(reply.body).into_owned();
        match reply.status {
            200 => Ok(body),
            status => Err(invalid(format!("GET {path}: {status} {body}"))),
        }
    }
}

/// Status, bytes of the head, and bytes of the body behind it, once the head is all there.
fn parse(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| invalid(error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let body = value(&response, "content-length").and_then(|text| text.parse().ok());
    let body = body.ok_or_else(|| invalid("an answer without a content-length".to_owned()))?;
    Ok(Some((response.code.unwrap_or_default(), length, body)))
}

fn value<'a>(response: &httparse::Response<'_, 'a>, name: &str) -> Option<&'a str> {
    let header = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(header.value).ok()
}

fn invalid(why: String) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_known_when_it_is_complete_and_tells_the_length_of_the_body() {
        let whole = b"HTTP/1.1 201 Created\r\ncontent-type: x\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(&whole[..40]).unwrap(), None);
        assert_eq!(parse(whole).unwrap(), Some((201, whole.len() - 2, 2)));
        let reply = Reply { status: 201, head: whole, body: b"" };
        assert_eq!(reply.header("Content-Type").as_deref(), Some("x"));
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
