//! The plans on sale, and the terms that each may be bought for.

use crate::{Refusal, schema};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The fewest months of one command.
pub const MONTHS_MIN: u32 = 1;
/// The most months of one command: ten years. A larger number is more likely a mistake.
pub const MONTHS_MAX: u32 = 120;

/// The longest plan code, in characters.
const CODE_LENGTH_MAX: usize = 64;

/// The name of a plan in a request: 1 to 64 printable characters. The plan need not be on sale: see
/// [`Plan::find`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanCode(String);

/// The error of a text that is no [`PlanCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 printable characters")]
pub struct InvalidPlanCode;

impl PlanCode {
    /// Parses the spelling of a plan.
    pub fn parse(text: &str) -> Result<Self, InvalidPlanCode> {
        let length = text.chars().count();
        if length == 0 || length > CODE_LENGTH_MAX || text.chars().any(char::is_control) {
            return Err(InvalidPlanCode);
        }
        Ok(Self(text.to_owned()))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialSchema for PlanCode {
    fn schema() -> RefOr<Schema> {
        schema::text("monthly")
            .min_length(Some(1))
            .max_length(Some(CODE_LENGTH_MAX))
            .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
            .into()
    }
}

impl ToSchema for PlanCode {}

impl TryFrom<String> for PlanCode {
    type Error = InvalidPlanCode;

    fn try_from(text: String) -> Result<Self, InvalidPlanCode> {
        Self::parse(&text)
    }
}

impl From<PlanCode> for String {
    fn from(code: PlanCode) -> Self {
        code.0
    }
}

/// A plan on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The plan that is bought by the month.
    Monthly,
    /// The plan that is bought by the year, that is, in multiples of 12 months.
    Yearly,
}

impl Plan {
    /// Every plan on sale.
    pub const ALL: [Self; 2] = [Self::Monthly, Self::Yearly];

    /// The plan of that code, if it is on sale.
    #[must_use]
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.code() == code)
    }

    /// The spelling of the plan.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }

    /// The months of one interval. This is the default term, and every term is a multiple of it.
    #[must_use]
    pub const fn interval_months(self) -> u32 {
        match self {
            Self::Monthly => 1,
            Self::Yearly => 12,
        }
    }

    /// The term of a purchase of `requested` months; one interval when no number was requested.
    pub fn term(self, requested: Option<u32>) -> Result<u32, Refusal> {
        let interval = self.interval_months();
        let months = requested.unwrap_or(interval);
        if months.is_multiple_of(interval) {
            Ok(months)
        } else {
            Err(Refusal::DurationNotMultiple { plan: self, interval_months: interval })
        }
    }
}

/// Reads the months of a command, which may be absent.
pub(crate) fn months<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u32>, D::Error> {
    Ok(Option::<Months>::deserialize(input)?.map(|Months(months)| months))
}

/// The schema of what [`months`] reads.
pub(crate) fn months_schema() -> Object {
    schema::months(MONTHS_MIN, MONTHS_MAX)
}

struct Months(u32);

impl<'de> Deserialize<'de> for Months {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl Visitor<'_> for Bounded {
            type Value = Months;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an integer from {MONTHS_MIN} to {MONTHS_MAX}")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Months, E> {
                let months = u32::try_from(number).ok();
                let months = months.filter(|months| (MONTHS_MIN..=MONTHS_MAX).contains(months));
                let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
                months.map(Months).ok_or_else(wrong)
            }
        }
        deserializer.deserialize_u32(Bounded)
    }
}
