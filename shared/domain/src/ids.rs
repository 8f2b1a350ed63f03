//! One type for each kind of id, so that the compiler finds a mix-up.

use crate::schema;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// Declares the type of the ids of one kind of row: a 64-bit integer that Postgres assigns.
macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema::row_id().into()
            }
        }

        impl ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_i64(RowId).map(Self)
            }
        }

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

/// Reads the number of an id. Its `expecting` is what a client is told about a wrong one.
struct RowId;

impl Visitor<'_> for RowId {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a positive integer of at most 63 bits")
    }

    fn visit_i64<E: Error>(self, id: i64) -> Result<i64, E> {
        if id > 0 { Ok(id) } else { Err(E::invalid_value(Unexpected::Signed(id), &self)) }
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<i64, E> {
        let number = i64::try_from(id).ok().filter(|id| *id > 0);
        number.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(id), &self))
    }
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
    /// The id of a plan, which clients do not see: they name it by its code.
    PlanId
}

row_id! {
    /// The id of a gift.
    GiftId
}
row_id! {
    /// The id of a grant, which clients do not see.
    GrantId
}
row_id! {
    /// The id of a payment.
    PaymentId
}
row_id! {
    /// The id of a payment method.
    PaymentMethodId
}
row_id! {
    /// The id of a refund.
    RefundId
}

impl ClientId {
    /// The built-in client that owns the command log rows of expiries.
    pub const SYSTEM: Self = Self(1);
    /// The built-in client of everyone in open mode.
    pub const LOCAL: Self = Self(2);
}

/// The id of a submitted command. It is derived from client and idempotency key, never drawn: see
/// [`crate::job_id`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, format = "uuid")]
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
