//! What can go wrong with Redis: with a call, and at the start.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// A failed use of Redis. There is one kind only: the call was not carried out, as far as we know,
/// and may be repeated.
#[derive(Debug, thiserror::Error)]
#[error("Redis could not be used")]
pub struct QueueError(#[from] pub(crate) RedisError);

/// What Redis says when it is of no use, and what that means. It may be in the text of an error
/// rather than its code, because scripts have errors of their own.
const REASONS: [(&str, &str); 12] = [
    ("OOM", "it has no memory left (maxmemory)"),
    ("READONLY", "it is a replica, which takes no writes"),
    ("MASTERDOWN", "it is a replica that has lost its master"),
    ("LOADING", "it is loading its data"),
    ("MISCONF", "it cannot write to its disk"),
    ("NOREPLICAS", "it has too few replicas to take writes"),
    ("NOPERM", "its user lacks a right"),
    ("user executing the script", "its user lacks a right"),
    ("ACL failure", "its user lacks a right"),
    ("NOAUTH", "it wants a password"),
    ("WRONGPASS", "it does not accept the password"),
    ("CLUSTERDOWN", "it is a Redis Cluster, which is not supported"),
];

impl QueueError {
    /// Whether Redis could not be reached, rather than refusing the call.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.is_io_error() || self.0.is_timeout() || self.0.is_connection_dropped()
    }

    /// Whether Redis has no memory left. What workers do is carried out all the same.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.to_string().contains("OOM")
    }

    pub(crate) fn is_loading(&self) -> bool {
        self.0.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading)
    }

    /// Why Redis is of no use, without any text of the server.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        if self.0.is_timeout() {
            return "it does not answer";
        }
        if self.is_transient() {
            return "it cannot be reached";
        }
        let text = self.0.to_string();
        let said = |word: &str| self.0.code() == Some(word) || text.contains(word);
        let known = REASONS.iter().find(|(word, _)| said(word));
        known.map_or("it refuses our commands", |(_, reason)| reason)
    }
}

/// Why the queue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Redis could not be used.
    #[error(transparent)]
    Unusable(#[from] QueueError),
    /// It reads its data from disk, and will be of use when it has done so.
    #[error("it is loading its data")]
    Loading,
    /// It takes no writes. It may be about to become the master.
    #[error("it is a replica, which takes no writes: use the address of its master")]
    Replica,
    /// It is part of a cluster.
    #[error(
        "it is a Redis Cluster, which is not supported: use one Redis, with replicas if need be"
    )]
    Cluster,
    /// It is a Sentinel.
    #[error(
        "it is a Sentinel, not a Redis: use the address of the master, or of a proxy that follows \
         it"
    )]
    Sentinel,
}

/// What a start does about a Redis that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It waits for as long as it takes.
    Sure,
    /// It waits for a while.
    Hopeful,
    /// It ends.
    Hopeless,
}

impl ConnectError {
    /// What a start does about it.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Loading => Outlook::Sure,
            Self::Replica => Outlook::Hopeful,
            Self::Unusable(error) if error.is_transient() => Outlook::Hopeful,
            Self::Unusable(_) | Self::Cluster | Self::Sentinel => Outlook::Hopeless,
        }
    }
}
