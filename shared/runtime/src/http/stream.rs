//! The bytes of a connection.

use super::activity::Phase;
use super::connections::Member;
use super::refusal;
use axum::body::Bytes;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most bytes of one read. hyper makes its buffer larger whenever a read fills it, and keeps it
/// so while the client is slow. Valid requests fit into the first one.
const READ_MAX: usize = 8 * 1024;
/// The most bytes that are dropped at once after the last answer.
const DROPPED_AT_ONCE: usize = 4096;

/// A TCP stream that notes what its connection is doing.
pub(super) struct Stream {
    tcp: TcpStream,
    member: Arc<Member>,
    /// What is left to send of the answer to a head that cannot be read.
    refusal: Option<Bytes>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, member: Arc<Member>) -> Self {
        Self { tcp, member, refusal: None }
    }

    /// Sends our refusal in the place of the one that hyper wrote, which has no body.
    fn poll_refuse(&mut self, cx: &mut Context<'_>, written: &[u8]) -> Poll<io::Result<usize>> {
        let left = self.refusal.get_or_insert_with(|| refusal::with_body(written));
        while !left.is_empty() {
            let sent = ready!(Pin::new(&mut self.tcp).poll_write(cx, left))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(left.split_to(sent));
        }
        Poll::Ready(Ok(written.len()))
    }

    /// Whether what is written now is hyper's answer to a head that it cannot read: nobody else
    /// writes before a head is whole.
    fn is_refusing(&self) -> bool {
        self.member.activity.now().0 == Phase::Head
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = if buffer.remaining() > READ_MAX {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(READ_MAX));
            let polled = Pin::new(&mut self.tcp).poll_read(cx, &mut part);
            let received = part.filled().len();
            buffer.advance(received);
            polled
        } else {
            Pin::new(&mut self.tcp).poll_read(cx, buffer)
        };
        let received = buffer.filled().len() - before;
        if received > 0 {
            self.member.received(received);
        } else if polled.is_pending() {
            self.member.activity.waits();
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_refusing() {
            return self.poll_refuse(cx, bytes);
        }
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            [bytes, ..] if self.is_refusing() => self.poll_refuse(cx, bytes),
            _ => Pin::new(&mut self.tcp).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_flush(cx))?;
        // hyper flushes when it has written all that it was given.
        self.member.activity.sent();
        Poll::Ready(Ok(()))
    }

    /// Says that nothing more will come. If the client may still be sending, what it sends is read
    /// and dropped until it ends or its time is over: closing at once would make its kernel drop
    /// the answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_shutdown(cx))?;
        if !self.member.activity.shut() {
            return Poll::Ready(Ok(()));
        }
        let mut dropped = [0; DROPPED_AT_ONCE];
        loop {
            let mut buffer = ReadBuf::new(&mut dropped);
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
