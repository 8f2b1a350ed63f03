//! The table `refunds`.

use super::{currency, fit, inconsistent};
use crate::StoreError;
use domain::{ClientId, Instant, JobId, PaymentId, Refund, RefundId, RefundStatus};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct RefundRow<'a> {
    id: i64,
    client_id: i64,
    payment_id: i64,
    amount: i64,
    currency: Cow<'a, str>,
    status: Cow<'a, str>,
    is_of_late_money: bool,
    cancels: bool,
    job_id: Uuid,
    created_at: Instant,
    settled_at: Option<Instant>,
}

/// The part of the statement of money that writes new and changed refunds: see `moved_money.rs`.
macro_rules! write_refunds {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            ", changed_refunds AS (
                INSERT INTO refunds (id, client_id, payment_id, amount, currency, status,
                                     is_of_late_money, cancels, job_id, created_at, settled_at)
                SELECT id, client_id, payment_id, amount, currency, status, is_of_late_money,
                       cancels, job_id, created_at, settled_at
                FROM json_populate_recordset(NULL::refunds, $3::text::json)
                ON CONFLICT (client_id, id) DO UPDATE SET
                    status = excluded.status, settled_at = excluded.settled_at)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_refunds;

impl<'a> TryFrom<&'a Refund> for RefundRow<'a> {
    type Error = StoreError;

    fn try_from(refund: &'a Refund) -> Result<Self, StoreError> {
        Ok(Self {
            id: refund.id.get(),
            client_id: refund.client.get(),
            payment_id: refund.payment.get(),
            amount: fit(refund.amount, "refunds", "amount")?,
            currency: refund.currency.as_str().into(),
            status: refund.status.as_str().into(),
            is_of_late_money: refund.is_of_late_money,
            cancels: refund.cancels,
            job_id: refund.job.get(),
            created_at: refund.created_at,
            settled_at: refund.settled_at,
        })
    }
}

impl TryFrom<RefundRow<'_>> for Refund {
    type Error = StoreError;

    fn try_from(row: RefundRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("refunds", column, row.id);
        let currency = currency(Some(&row.currency)).ok().flatten();
        Ok(Self {
            id: RefundId::new(row.id),
            client: ClientId::new(row.client_id),
            payment: PaymentId::new(row.payment_id),
            amount: row.amount.try_into().map_err(|_| unknown("amount"))?,
            currency: currency.ok_or_else(|| unknown("currency"))?,
            status: RefundStatus::parse(&row.status).ok_or_else(|| unknown("status"))?,
            is_of_late_money: row.is_of_late_money,
            cancels: row.cancels,
            job: JobId::new(row.job_id),
            created_at: row.created_at,
            settled_at: row.settled_at,
        })
    }
}
