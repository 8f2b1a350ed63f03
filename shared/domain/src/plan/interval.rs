//! The interval of a plan, in which it is sold and renewed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The interval of a plan: every term is a multiple of it, and it is the default term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// A month.
    Month,
    /// A year, that is, 12 months.
    Year,
}

impl Interval {
    /// The months of the interval.
    #[must_use]
    pub const fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }

    /// The spelling of the interval, in requests, in answers and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The interval of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Month, Self::Year].into_iter().find(|interval| interval.as_str() == text)
    }
}
