//! What is read of Stripe's answers.

use super::api::{Failed, decline};
use domain::{ChargeOutcome, Currency, DeclineCode, RefundOutcome};
use serde::Deserialize;
use std::collections::HashMap;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: ApiError,
}

/// Why something failed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ApiError {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
}

/// A customer.
#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    pub(super) id: String,
}

/// A payment intent.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::provider) struct Intent {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) created: i64,
    #[serde(default)]
    pub(in crate::provider) metadata: HashMap<String, String>,
    pub(in crate::provider) amount: Option<u64>,
    pub(in crate::provider) currency: Option<String>,
    next_action: Option<NextAction>,
    last_payment_error: Option<ApiError>,
}

#[derive(Debug, Clone, Deserialize)]
struct NextAction {
    redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Clone, Deserialize)]
struct Redirect {
    url: Option<String>,
}

/// A setup intent.
#[derive(Debug, Deserialize)]
pub(super) struct SetupIntent {
    pub(super) id: String,
    status: String,
    pub(super) payment_method: Option<String>,
    last_setup_error: Option<ApiError>,
}

/// A payment method.
#[derive(Debug, Deserialize)]
pub(super) struct PaymentMethod {
    pub(super) id: String,
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
struct Card {
    brand: String,
    last4: String,
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(in crate::provider) struct Refund {
    pub(super) id: String,
    status: String,
    #[serde(default)]
    pub(in crate::provider) metadata: HashMap<String, String>,
    pub(in crate::provider) amount: Option<u64>,
    pub(in crate::provider) currency: Option<String>,
}

/// Fails if something of ours is about other money than we ask for: it is of before a restore, or
/// of another installation on the same account, and its ids are those of ours by chance.
fn of_money(
    (amount, currency): (Option<u64>, Option<&str>),
    (asked, asked_currency): (u64, Currency),
) -> Result<(), Failed> {
    let is_same = amount.is_none_or(|amount| amount == asked)
        && currency.is_none_or(|code| code.eq_ignore_ascii_case(asked_currency.as_str()));
    let other = "what it has with these ids is of another amount or currency";
    if is_same { Ok(()) } else { Err(Failed::Unknown(other.to_owned())) }
}

impl Intent {
    /// Fails if it is about other money.
    pub(super) fn of(self, amount: u64, currency: Currency) -> Result<Self, Failed> {
        of_money((self.amount, self.currency.as_deref()), (amount, currency)).map(|()| self)
    }

    /// What became of the charge. A user who is not there can do nothing: that is a decline.
    pub(in crate::provider) fn outcome(
        &self,
        is_on_session: bool,
    ) -> Result<ChargeOutcome, Failed> {
        let needs_user = || decline(None, Some("authentication_required"), true);
        Ok(match self.status.as_str() {
            "succeeded" => ChargeOutcome::Succeeded,
            "requires_action" if is_on_session => {
                ChargeOutcome::ActionRequired { action_url: self.action_url() }
            }
            "requires_action" => ChargeOutcome::Declined { decline: needs_user() },
            "requires_payment_method" => {
                let error = self.last_payment_error.as_ref();
                let decline_code = error.and_then(|error| error.decline_code.as_deref());
                let code = error.and_then(|error| error.code.as_deref());
                ChargeOutcome::Declined { decline: decline(decline_code, code, true) }
            }
            "canceled" => {
                ChargeOutcome::Declined { decline: decline(None, Some("canceled"), true) }
            }
            other => return Err(Failed::Unknown(format!("the payment intent is {other}"))),
        })
    }

    /// Where the user does what is asked of him. An intent that only a page of the client's own can
    /// go on with has no such place but the operator's.
    fn action_url(&self) -> String {
        let url =
            self.next_action.as_ref().and_then(|next| next.redirect_to_url.as_ref()?.url.clone());
        url.unwrap_or_else(|| format!("https://dashboard.stripe.com/payments/{}", self.id))
    }
}

impl SetupIntent {
    /// Why the method cannot be charged; `None` if it can.
    pub(super) fn declined(&self) -> Option<DeclineCode> {
        let error = self.last_setup_error.as_ref();
        match self.status.as_str() {
            "succeeded" => None,
            "requires_action" => Some(decline(None, Some("authentication_required"), true)),
            _ => Some(decline(
                error.and_then(|error| error.decline_code.as_deref()),
                error.and_then(|error| error.code.as_deref()),
                true,
            )),
        }
    }
}

impl PaymentMethod {
    /// The brand and the last four digits.
    pub(super) fn shown(&self) -> (String, String) {
        let unknown = || ("unknown".to_owned(), "0000".to_owned());
        self.card.as_ref().map_or_else(unknown, |card| (card.brand.clone(), card.last4.clone()))
    }
}

impl Refund {
    /// Fails if it is about other money.
    pub(super) fn of(self, amount: u64, currency: Currency) -> Result<Self, Failed> {
        of_money((self.amount, self.currency.as_deref()), (amount, currency)).map(|()| self)
    }

    /// What became of it.
    pub(in crate::provider) fn outcome(&self) -> Result<RefundOutcome, Failed> {
        match self.status.as_str() {
            "succeeded" => Ok(RefundOutcome::Succeeded),
            "failed" | "canceled" => Ok(RefundOutcome::Failed),
            other => Err(Failed::Unknown(format!("the refund is {other}"))),
        }
    }
}
