//! The plans on sale, and the terms that each may be bought for.

use crate::Refusal;
use serde::{Deserialize, Serialize};

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
