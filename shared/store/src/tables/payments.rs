//! The table `payments`. All but the phase, what was paid back or disputed, and the instant of the
//! end is written once.

use super::{currency, fit, inconsistent};
use crate::StoreError;
use domain::{
    ClientId, Dispute, DisputeStatus, GiftId, Instant, JobId, Payment, PaymentId, PaymentMethodId,
    PaymentPhase, Provider, Purpose, SubscriptionId, UserId,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct PaymentRow<'a> {
    id: i64,
    client_id: i64,
    user_id: i64,
    /// These two are copied from the purpose, for the keys.
    subscription_id: Option<i64>,
    gift_id: Option<i64>,
    purpose: Cow<'a, Purpose>,
    plan: Cow<'a, str>,
    plan_version: i32,
    amount: i64,
    cash: i64,
    credit: i64,
    currency: Cow<'a, str>,
    provider: Option<Cow<'a, str>>,
    method_id: Option<i64>,
    phase: Cow<'a, str>,
    action_url: Option<Cow<'a, str>>,
    decline_code: Option<Cow<'a, str>>,
    refunded: i64,
    refunding: i64,
    dispute: Option<Cow<'a, str>>,
    disputed: Option<i64>,
    dispute_status: Option<Cow<'a, str>>,
    job_id: Uuid,
    created_at: Instant,
    expires_at: Instant,
    settled_at: Option<Instant>,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_payments {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, user_id, subscription_id, gift_id, purpose, plan, \
                      plan_version, amount, cash, credit, currency, provider, method_id, phase, \
                      action_url, decline_code, refunded, refunding, dispute, disputed, \
                      dispute_status, job_id, created_at, expires_at, settled_at" + $after,
                     $($argument),+)
    };
}
pub(crate) use query_payments;

/// The part of the statement of money that writes new and changed payments: see
/// `moved_money.rs`.
macro_rules! write_payments {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            ", changed_payments AS (
                INSERT INTO payments (id, client_id, user_id, subscription_id, gift_id, purpose,
                                      plan, plan_version, amount, cash, credit, currency, provider,
                                      method_id, phase, action_url, decline_code, refunded,
                                      refunding, dispute, disputed, dispute_status, job_id,
                                      created_at, expires_at, settled_at)
                SELECT id, client_id, user_id, subscription_id, gift_id, purpose, plan,
                       plan_version, amount, cash, credit, currency, provider, method_id, phase,
                       action_url, decline_code, refunded, refunding, dispute, disputed,
                       dispute_status, job_id, created_at, expires_at, settled_at
                FROM json_populate_recordset(NULL::payments, $2::text::json)
                ON CONFLICT (client_id, id) DO UPDATE SET
                    phase = excluded.phase, action_url = excluded.action_url,
                    decline_code = excluded.decline_code, refunded = excluded.refunded,
                    refunding = excluded.refunding, dispute = excluded.dispute,
                    disputed = excluded.disputed, dispute_status = excluded.dispute_status,
                    settled_at = excluded.settled_at)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_payments;

impl<'a> TryFrom<&'a Payment> for PaymentRow<'a> {
    type Error = StoreError;

    fn try_from(payment: &'a Payment) -> Result<Self, StoreError> {
        let (mut action_url, mut decline_code) = (None, None);
        match &payment.phase {
            PaymentPhase::ActionRequired { action_url: url } => {
                action_url = Some(url.as_str().into());
            }
            PaymentPhase::Declined { decline_code: code } => {
                decline_code = Some(code.as_str().into());
            }
            _ => {}
        }
        let amount = |amount, column| fit(amount, "payments", column);
        let disputed = payment.dispute.as_ref().map(|one| amount(one.amount, "disputed"));
        Ok(Self {
            id: payment.id.get(),
            client_id: payment.client.get(),
            user_id: payment.user.get(),
            subscription_id: payment.purpose.subscription().map(SubscriptionId::get),
            gift_id: payment.purpose.gift().map(GiftId::get),
            purpose: Cow::Borrowed(&payment.purpose),
            plan: payment.plan.as_str().into(),
            plan_version: fit(payment.plan_version, "payments", "plan_version")?,
            amount: amount(payment.amount, "amount")?,
            cash: amount(payment.cash, "cash")?,
            credit: amount(payment.credit, "credit")?,
            currency: payment.currency.as_str().into(),
            provider: payment.provider.map(|provider| provider.as_str().into()),
            method_id: payment.method.map(PaymentMethodId::get),
            phase: payment.phase.as_str().into(),
            action_url,
            decline_code,
            refunded: amount(payment.refunded, "refunded")?,
            refunding: amount(payment.refunding, "refunding")?,
            dispute: payment.dispute.as_ref().map(|dispute| dispute.reference.as_str().into()),
            disputed: disputed.transpose()?,
            dispute_status: payment.dispute.as_ref().map(|one| one.status.as_str().into()),
            job_id: payment.job.get(),
            created_at: payment.created_at,
            expires_at: payment.expires_at,
            settled_at: payment.settled_at,
        })
    }
}

impl TryFrom<PaymentRow<'_>> for Payment {
    type Error = StoreError;

    fn try_from(row: PaymentRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("payments", column, row.id);
        let amount = |amount: i64, column| u64::try_from(amount).map_err(|_| unknown(column));
        let (url, code) = (row.action_url.as_deref(), row.decline_code.as_deref());
        let provider = row
            .provider
            .as_deref()
            .map(|provider| Provider::parse(provider).ok_or_else(|| unknown("provider")));
        let dispute = match (row.dispute, row.disputed, row.dispute_status) {
            (None, None, None) => None,
            (Some(reference), Some(disputed), Some(status)) => Some(Dispute {
                reference: reference.into_owned(),
                amount: amount(disputed, "disputed")?,
                status: DisputeStatus::parse(&status).ok_or_else(|| unknown("dispute_status"))?,
            }),
            _ => return Err(unknown("dispute")),
        };
        Ok(Self {
            id: PaymentId::new(row.id),
            client: ClientId::new(row.client_id),
            user: UserId::new(row.user_id),
            plan_version: row.plan_version.try_into().map_err(|_| unknown("plan_version"))?,
            amount: amount(row.amount, "amount")?,
            cash: amount(row.cash, "cash")?,
            credit: amount(row.credit, "credit")?,
            currency: currency(Some(&row.currency))
                .ok()
                .flatten()
                .ok_or_else(|| unknown("currency"))?,
            provider: provider.transpose()?,
            method: row.method_id.map(PaymentMethodId::new),
            phase: PaymentPhase::from_parts(&row.phase, url, code)
                .ok_or_else(|| unknown("phase"))?,
            refunded: amount(row.refunded, "refunded")?,
            refunding: amount(row.refunding, "refunding")?,
            dispute,
            job: JobId::new(row.job_id),
            created_at: row.created_at,
            expires_at: row.expires_at,
            settled_at: row.settled_at,
            purpose: row.purpose.into_owned(),
            plan: row.plan.into_owned(),
        })
    }
}
