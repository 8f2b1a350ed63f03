//! The views that clients get, one file for each noun. Their members are those of the contract, in
//! its order.

mod advanced_clock;
mod entitlement;
mod gift;
mod job;
mod plan;
mod subscription;
mod test_clock;
mod user;

pub use advanced_clock::AdvancedClockView;
pub use entitlement::EntitlementView;
pub use gift::{GiftView, RedemptionView};
pub use job::JobView;
pub use plan::PlanView;
pub use subscription::SubscriptionView;
pub use test_clock::TestClockView;
pub use user::UserView;

use domain::{Instant, calendar};

/// An instant as clients see it: RFC 3339, UTC, microseconds.
#[must_use]
pub fn timestamp(at: Instant) -> String {
    calendar::written(at)
}
