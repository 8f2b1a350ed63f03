//! Money.

use crate::Currency;
use crate::bounded::within;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The largest price: a million millions of the smallest unit. Sums of many stay in 64 bits.
pub const AMOUNT_MAX: u64 = 1_000_000_000_000;
/// The largest amount of a payment that may be named, for it may be for many months. Beyond it,
/// readers of JSON that have only floats are not exact.
pub const PAYMENT_MAX: u64 = (1 << 53) - 1;

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The amount in the smallest unit of the currency, such as cents.
    #[schema(maximum = 1_000_000_000_000_u64, example = 1500)]
    pub amount: u64,
    /// The currency.
    #[schema(inline)]
    pub currency: Currency,
}

/// The members of an amount as they are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(deserialize_with = "within::<0, AMOUNT_MAX, _, _>")]
    amount: u64,
    currency: Currency,
}

// Derived code would take a list for an object.
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Money;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with amount and currency")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Money, A::Error> {
                let members = Members::deserialize(MapAccessDeserializer::new(members))?;
                Ok(Money { amount: members.amount, currency: members.currency })
            }
        }
        input.deserialize_map(Object)
    }
}
