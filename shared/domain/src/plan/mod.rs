//! Plans: what clients sell, and the terms at which they sell it.

mod code;
mod currency;
mod interval;
mod money;
mod months;
mod retire;
mod spec;
mod state;

pub use code::{InvalidNewPlanCode, InvalidPlanCode, PlanCode};
pub use currency::{Currency, InvalidCurrency};
pub use interval::Interval;
pub use money::{AMOUNT_MAX, Money, PAYMENT_MAX};
pub use months::{MONTHS_MAX, MONTHS_MIN};
pub(crate) use months::{months, months_schema};
pub use retire::RetirePlan;
pub use spec::PlanSpec;
pub use state::{Plan, PlanDetails, Terms};
