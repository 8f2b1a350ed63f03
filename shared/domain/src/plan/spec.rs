//! What a plan is said to be, by a request or by a file.

use super::code::is_plain;
use super::state::{PlanDetails, Terms};
use crate::bounded::{is_printable, printable, within};
use crate::{Interval, Money};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest name of a plan, in characters.
const NAME_LENGTH_MAX: usize = 200;
/// The longest name of a tier and of a feature, in characters.
const WORD_LENGTH_MAX: usize = 64;
/// The most features of a plan.
const FEATURES_MAX: usize = 100;
/// The highest rank of a tier.
const RANK_MAX: u64 = 1000;
/// The longest trial: two years.
const TRIAL_DAYS_MAX: u64 = 730;
/// The longest grace. It is shorter than the shortest interval, so that it ends before the next
/// renewal is due.
const GRACE_DAYS_MAX: u64 = 27;
/// The grace of a plan that names none, in days.
const GRACE_DAYS_DEFAULT: u32 = 7;

/// What a plan is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// The name that people read.
    #[serde(deserialize_with = "printable::<NAME_LENGTH_MAX, _>")]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "Gold"
    )]
    pub name: String,
    /// The tier: what is bought, whatever its interval.
    #[serde(deserialize_with = "tier")]
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9._-]+$", example = "gold")]
    pub tier: String,
    /// The rank of the tier among others; 0 when absent.
    #[serde(default, deserialize_with = "within::<0, RANK_MAX, _, _>")]
    #[schema(maximum = 1000, example = 30)]
    pub tier_rank: u32,
    /// The interval in which it is sold and renewed.
    #[schema(inline)]
    pub interval: Interval,
    /// The price of an interval.
    #[schema(inline)]
    pub price: Money,
    /// The days of a trial; 0 when absent.
    #[serde(default, deserialize_with = "within::<0, TRIAL_DAYS_MAX, _, _>")]
    #[schema(maximum = 730, example = 14)]
    pub trial_days: u32,
    /// The days for which a subscription goes on after a failed payment; 7 when absent.
    #[serde(default = "grace_days", deserialize_with = "within::<0, GRACE_DAYS_MAX, _, _>")]
    #[schema(maximum = 27, example = 7)]
    pub grace_days: u32,
    /// The features that it entitles to; none when absent.
    #[serde(default, deserialize_with = "features")]
    #[schema(schema_with = features_schema)]
    pub features: Vec<String>,
}

impl PlanSpec {
    /// What is true at once for all who have the plan.
    #[must_use]
    pub fn details(&self) -> PlanDetails {
        PlanDetails {
            name: self.name.clone(),
            tier: self.tier.clone(),
            tier_rank: self.tier_rank,
            features: self.features.clone(),
        }
    }

    /// What each buyer keeps.
    #[must_use]
    pub const fn terms(&self) -> Terms {
        Terms {
            interval: self.interval,
            price: self.price,
            trial_days: self.trial_days,
            grace_days: self.grace_days,
        }
    }
}

const fn grace_days() -> u32 {
    GRACE_DAYS_DEFAULT
}

fn tier<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    let is_tier = |text: &String| is_printable(text, WORD_LENGTH_MAX) && is_plain(text);
    let wanted = "must be 1 to 64 of the characters a-z, 0-9, dot, underscore and hyphen";
    Some(text).filter(is_tier).ok_or_else(|| D::Error::custom(wanted))
}

fn features<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let wrong = || {
        D::Error::custom(format!(
            "must be a list of at most {FEATURES_MAX} different texts of 1 to {WORD_LENGTH_MAX} \
             printable characters"
        ))
    };
    let features = Vec::<String>::deserialize(input).map_err(|_| wrong())?;
    let mut sorted: Vec<&String> = features.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let fits = sorted.len() == features.len()
        && features.len() <= FEATURES_MAX
        && features.iter().all(|feature| is_printable(feature, WORD_LENGTH_MAX));
    if fits { Ok(features) } else { Err(wrong()) }
}

fn features_schema() -> utoipa::openapi::schema::Array {
    crate::schema::texts(FEATURES_MAX, WORD_LENGTH_MAX)
}
