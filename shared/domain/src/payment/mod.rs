//! Payments: charges of a user's payment method, and what is paid back.

mod add_method;
mod came_back;
mod chains;
mod charge;
mod close;
mod default_method;
mod detach;
mod dispute;
mod disputed;
mod lapse;
mod late;
mod method;
mod moved_to_credit;
mod paid_grants;
mod postings;
mod provider;
mod provider_event;
mod refund;
mod refund_payment;
mod refunded;
mod set_default;
mod settle;
mod settle_dispute;
mod settle_method;
mod settle_refund;
mod state;
mod too_late;

pub use add_method::AddMethod;
pub(crate) use charge::Ask;
pub(crate) use charge::Asked;
pub(crate) use close::GivenUp;
pub use detach::DetachMethod;
pub use dispute::{Dispute, DisputeStatus};
pub use lapse::LapsePayment;
pub(crate) use late::{bought, refused, ruled, still_unknown, unknown};
pub use method::{MethodCard, MethodStatus, PaymentMethod};
pub use provider::{ChargeOutcome, DeclineCode, MethodOutcome, Provider, RefundOutcome};
pub use provider_event::EventSubject;
pub use refund::{Refund, RefundStatus};
pub use refund_payment::RefundPayment;
pub use set_default::SetDefaultMethod;
pub use settle::SettlePayment;
pub use settle_dispute::SettleDispute;
pub use settle_method::SettleMethod;
pub use settle_refund::SettleRefund;
pub use state::{
    ChangeOfPlan, ChangedGrant, NewPeriod, Payment, PaymentPhase, PaymentStatus, Purpose,
    PurposeKind,
};
