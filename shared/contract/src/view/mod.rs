//! The views that clients get, one file for each noun. Their members are those of the contract, in
//! its order.

mod advanced_clock;
mod credit;
mod entitlement;
mod gift;
mod job;
mod ledger;
mod payment;
mod payment_method;
mod plan;
mod preview;
mod refund;
mod subscription;
mod test_clock;
mod user;

pub use advanced_clock::AdvancedClockView;
pub use credit::CreditView;
pub use entitlement::EntitlementView;
pub use gift::{GiftView, RedemptionView};
pub use job::JobView;
pub use ledger::{LedgerBalances, LedgerEntries, LedgerEntry};
pub use payment::PaymentView;
pub use payment_method::PaymentMethodView;
pub use plan::PlanView;
pub use preview::{PreviewView, UNDRAWN_ID_MIN};
pub use refund::RefundView;
pub use subscription::SubscriptionView;
pub use test_clock::TestClockView;
pub use user::UserView;

use domain::{Instant, calendar};

/// An instant as clients see it: RFC 3339, UTC, microseconds.
#[must_use]
pub fn timestamp(at: Instant) -> String {
    calendar::written(at)
}
