//! One type for each kind of id, so that the compiler finds a mix-up.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Declares the type of the ids of one kind of row: a 64-bit integer that Postgres assigns.
macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The id of that number.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

row_id! {
    /// The id of a client, which owns API keys and all other rows.
    ClientId
}
row_id! {
    /// The id of a user.
    UserId
}
row_id! {
    /// The id of a subscription.
    SubscriptionId
}
row_id! {
    /// The id of a gift.
    GiftId
}

impl ClientId {
    /// The built-in client that owns the command log rows of expiries.
    pub const SYSTEM: Self = Self(1);
    /// The built-in client of everyone in open mode.
    pub const LOCAL: Self = Self(2);
}

/// The id of a submitted command. It is derived from client and idempotency key, never drawn: see
/// [`crate::job_id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// The id of that UUID.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    #[must_use]
    pub const fn get(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
