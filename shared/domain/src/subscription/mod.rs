//! Subscriptions, and the grants of months they are made of.

mod attempt;
mod auto_renew;
mod cancel;
mod cancel_now;
mod change_plan;
mod change_settled;
mod end_trial;
mod entitlement;
mod exchange;
mod expire;
mod extend;
mod grant;
mod grants;
mod import;
mod lifecycle;
mod line;
mod pause;
mod priced_change;
mod proration;
mod recognise;
mod renew;
mod renew_due;
mod renew_paid;
mod renewal_settled;
mod resume;
mod resume_due;
mod retry;
mod state;
mod subscribe;
mod subscribe_paid;
mod supersede;
mod term;
mod uncancel;

pub(crate) use attempt::attempt_renewal;
pub use auto_renew::SetAutoRenew;
pub use cancel::Cancel;
pub(crate) use cancel_now::CancelledNow;
pub use change_plan::{ChangePlan, ChangeTime};
pub(crate) use change_settled::change_settled;
pub use end_trial::EndTrial;
pub use entitlement::{Entitled, Entitlement, EntitlementBasis, EntitlementSource};
pub use expire::ExpireSubscription;
pub use extend::Extend;
pub use grant::{Grant, GrantSource, Slice};
pub(crate) use grant::{NewGrant, Worth};
pub(crate) use grants::recognise_at;
pub use import::Import;
pub use lifecycle::PAUSE_MAX;
pub use line::Line;
pub use pause::Pause;
pub(crate) use proration::unused;
pub use recognise::RecogniseGrants;
pub use renew::Renew;
pub use renew_due::RenewSubscription;
pub(crate) use renew_paid::renew_settled;
pub(crate) use renewal_settled::renewal_settled;
pub use resume::Resume;
pub use resume_due::ResumeSubscription;
pub use state::{
    Conversion, NextPlan, OpenPayment, Sold, StateParts, Subscription, SubscriptionState,
    SubscriptionStatus,
};
pub use subscribe::Subscribe;
pub(crate) use subscribe_paid::subscribe_settled;
pub use uncancel::Uncancel;
