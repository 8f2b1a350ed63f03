//! The codes of plans.

use crate::bounded::is_printable;
use crate::{Gift, schema};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The longest plan code, in characters.
const CODE_LENGTH_MAX: usize = 64;

/// The name of a plan in a request: 1 to 64 printable characters. There need not be such a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanCode(String);

/// The error of a text that is no [`PlanCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 printable characters")]
pub struct InvalidPlanCode;

/// The error of a text that cannot be the code of a new plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 of the characters a-z, 0-9, dot, underscore and hyphen")]
pub struct InvalidNewPlanCode;

/// Whether it has no other characters than the codes of new plans and tiers.
pub(super) fn is_plain(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    text.bytes().all(is_plain)
}

impl PlanCode {
    /// Parses the spelling of a plan.
    pub fn parse(text: &str) -> Result<Self, InvalidPlanCode> {
        let valid = is_printable(text, CODE_LENGTH_MAX);
        valid.then(|| Self(text.to_owned())).ok_or(InvalidPlanCode)
    }

    /// Parses the code of a plan that is to be made. It can stand in a path as it is.
    pub fn of_new_plan(text: &str) -> Result<Self, InvalidNewPlanCode> {
        Self::parse(text).ok().filter(|_| is_plain(text)).ok_or(InvalidNewPlanCode)
    }

    /// The plan of a gift whose giver names none.
    pub(crate) fn of_gifts() -> Self {
        Self(Gift::PLAN_DEFAULT.to_owned())
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
