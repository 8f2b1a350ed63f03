//! Reads the rows of money in Postgres, and the books of the simulated provider.

use crate::checker::{ProviderCharge, ProviderRefund};
use anyhow::{Context, Result};
use chrono::TimeDelta;
use domain::{
    Account, ClientId, Currency, Dispute, DisputeStatus, GiftId, Grant, GrantId, GrantSource,
    JobId, MethodCard, MethodStatus, Payment, PaymentId, PaymentMethod, PaymentMethodId,
    PaymentPhase, Provider, Refund, RefundId, RefundStatus, Slice, SubscriptionId, Transfer,
    UserId,
};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

pub(super) const GRANTS: &str = "SELECT id, client_id, subscription_id, source, months, gift_id, \
     reason, job_id, granted_at, slice_start, slice_end, length_us, value, currency, payment_id, \
     to_credit, from_grant, closed_at FROM grants ORDER BY id";

pub(super) const PAYMENTS: &str = "SELECT id, client_id, user_id, purpose::text, plan, \
     plan_version, amount, cash, credit, currency, provider, method_id, phase, action_url, \
     decline_code, refunded, refunding, dispute, disputed, dispute_status, job_id, created_at, \
     expires_at, settled_at \
     FROM payments ORDER BY id";

pub(super) const METHODS: &str = "SELECT id, client_id, user_id, provider, reference, customer, \
     status, brand, last4, created_at FROM payment_methods ORDER BY id";

pub(super) const REFUNDS: &str = "SELECT id, client_id, payment_id, amount, currency, status, \
     is_of_late_money, cancels, job_id, created_at, settled_at FROM refunds ORDER BY id";

pub(super) const LEDGER: &str = "SELECT client_id, group_id, debit, credit, currency, amount, at \
     FROM ledger ORDER BY id";

pub(super) const CHARGES: &str = "SELECT provider_key, client_id, payment_id, amount, currency, \
     status FROM simulated_charges ORDER BY created_at, provider_key";

pub(super) const PROVIDER_REFUNDS: &str = "SELECT provider_key, client_id, payment_id, refund_id, \
     amount, currency, status FROM simulated_refunds ORDER BY created_at, provider_key";

pub(super) const EFFECTS: &str = "SELECT kind, payload::text FROM effects ORDER BY kind, id";

/// What must be over before the end is judged: effects, what a provider has told, and what is due.
/// Test clients have a time of their own.
pub(super) const OPEN: &str = "SELECT (SELECT count(*) FROM effects) \
     + (SELECT count(*) FROM provider_inbox WHERE payload IS NOT NULL) \
     + (SELECT count(*) FROM subscriptions \
        WHERE livemode AND due_at < now() + interval '2 seconds') \
     + (SELECT count(*) FROM gifts WHERE livemode AND due_at < now() + interval '2 seconds')";

/// Lets a day pass for charges that were sent twice and that the provider has never heard of: it
/// was killed both times. After that they were not made.
pub(super) const AGE_LOST: &str = "UPDATE effects SET due_at = now(), payload = jsonb_set( \
     payload::jsonb, '{progress,last_sent}', to_jsonb(to_char( \
     now() AT TIME ZONE 'utc' - interval '25 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')))::json \
     WHERE kind = 'charge' AND holder IS NULL \
     AND (payload #>> '{progress,unknowns}')::int >= 2 \
     AND NOT EXISTS (SELECT FROM simulated_charges charged \
                     WHERE charged.client_id = effects.client_id \
                     AND charged.payment_id::text = effects.payload ->> 'payment')";

/// Ends the pauses of what has failed several times: up to an hour, while everything works now.
pub(super) const END_PAUSES: [&str; 2] = [
    "UPDATE effects SET due_at = now() WHERE holder IS NULL AND due_at > now()",
    "UPDATE provider_inbox SET wait_until = NULL \
     WHERE payload IS NOT NULL AND now() + interval '1 minute' < wait_until",
];

pub(super) fn amount(row: &PgRow, column: &str) -> Result<u64> {
    Ok(row.try_get::<i64, _>(column)?.try_into()?)
}

pub(super) fn currency(text: Option<&str>) -> Result<Option<Currency>> {
    text.map(|text| Currency::parse(text).ok().context("currency")).transpose()
}

fn currency_of(row: &PgRow) -> Result<Currency> {
    currency(Some(row.try_get("currency")?))?.context("currency")
}

fn client(row: &PgRow) -> Result<ClientId> {
    Ok(ClientId::new(row.try_get("client_id")?))
}

fn job(row: &PgRow, column: &str) -> Result<JobId> {
    Ok(JobId::new(row.try_get::<Uuid, _>(column)?))
}

fn id(row: &PgRow, column: &str) -> Result<Option<i64>> {
    Ok(row.try_get(column)?)
}

pub(super) fn grant(row: &PgRow) -> Result<Grant> {
    let gift = id(row, "gift_id")?.map(GiftId::new);
    let source = GrantSource::from_parts(row.try_get("source")?, gift, row.try_get("reason")?);
    let (start, end) = (row.try_get("slice_start")?, row.try_get("slice_end")?);
    Ok(Grant {
        id: GrantId::new(row.try_get("id")?),
        client: client(row)?,
        subscription: SubscriptionId::new(row.try_get("subscription_id")?),
        source: source.context("source")?,
        months: row.try_get::<i32, _>("months")?.try_into()?,
        job: job(row, "job_id")?,
        granted_at: row.try_get("granted_at")?,
        slice: Option::zip(start, end).map(|(start, end)| Slice { start, end }),
        length: id(row, "length_us")?.map(TimeDelta::microseconds),
        value: amount(row, "value")?,
        currency: currency(row.try_get("currency")?)?,
        payment: id(row, "payment_id")?.map(PaymentId::new),
        to_credit: amount(row, "to_credit")?,
        from_grant: id(row, "from_grant")?.map(GrantId::new),
        closed_at: row.try_get("closed_at")?,
    })
}

fn dispute(row: &PgRow) -> Result<Option<Dispute>> {
    let Some(reference) = row.try_get("dispute")? else { return Ok(None) };
    let status = DisputeStatus::parse(row.try_get("dispute_status")?).context("dispute_status")?;
    Ok(Some(Dispute { reference, amount: amount(row, "disputed")?, status }))
}

pub(super) fn payment(row: &PgRow) -> Result<Payment> {
    let provider: Option<&str> = row.try_get("provider")?;
    let phase = PaymentPhase::from_parts(
        row.try_get("phase")?,
        row.try_get("action_url")?,
        row.try_get("decline_code")?,
    );
    Ok(Payment {
        id: PaymentId::new(row.try_get("id")?),
        client: client(row)?,
        user: UserId::new(row.try_get("user_id")?),
        purpose: serde_json::from_str(row.try_get("purpose")?)?,
        plan: row.try_get("plan")?,
        plan_version: row.try_get::<i32, _>("plan_version")?.try_into()?,
        amount: amount(row, "amount")?,
        cash: amount(row, "cash")?,
        credit: amount(row, "credit")?,
        currency: currency_of(row)?,
        provider: provider.map(|text| Provider::parse(text).context("provider")).transpose()?,
        method: id(row, "method_id")?.map(PaymentMethodId::new),
        phase: phase.context("phase")?,
        refunded: amount(row, "refunded")?,
        refunding: amount(row, "refunding")?,
        dispute: dispute(row)?,
        job: job(row, "job_id")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        settled_at: row.try_get("settled_at")?,
    })
}

pub(super) fn method(row: &PgRow) -> Result<PaymentMethod> {
    let (brand, last4) = (row.try_get("brand")?, row.try_get("last4")?);
    Ok(PaymentMethod {
        id: PaymentMethodId::new(row.try_get("id")?),
        client: client(row)?,
        user: UserId::new(row.try_get("user_id")?),
        provider: Provider::parse(row.try_get("provider")?).context("provider")?,
        reference: row.try_get("reference")?,
        customer: row.try_get("customer")?,
        status: MethodStatus::parse(row.try_get("status")?).context("status")?,
        card: Option::zip(brand, last4).map(|(brand, last4)| MethodCard { brand, last4 }),
        created_at: row.try_get("created_at")?,
    })
}

pub(super) fn refund(row: &PgRow) -> Result<Refund> {
    Ok(Refund {
        id: RefundId::new(row.try_get("id")?),
        client: client(row)?,
        payment: PaymentId::new(row.try_get("payment_id")?),
        amount: amount(row, "amount")?,
        currency: currency_of(row)?,
        status: RefundStatus::parse(row.try_get("status")?).context("status")?,
        is_of_late_money: row.try_get("is_of_late_money")?,
        cancels: row.try_get("cancels")?,
        job: job(row, "job_id")?,
        created_at: row.try_get("created_at")?,
        settled_at: row.try_get("settled_at")?,
    })
}

pub(super) fn transfer(row: &PgRow) -> Result<Transfer> {
    let account = |column| Account::parse(row.try_get(column)?).context(column);
    Ok(Transfer {
        client: client(row)?,
        job: job(row, "group_id")?,
        debit: account("debit")?,
        credit: account("credit")?,
        amount: amount(row, "amount")?,
        currency: currency_of(row)?,
        at: row.try_get("at")?,
    })
}

pub(super) fn charge(row: &PgRow) -> Result<ProviderCharge> {
    Ok(ProviderCharge {
        key: row.try_get("provider_key")?,
        client: client(row)?,
        payment: PaymentId::new(row.try_get("payment_id")?),
        amount: amount(row, "amount")?,
        currency: currency_of(row)?,
        status: row.try_get("status")?,
    })
}

pub(super) fn provider_refund(row: &PgRow) -> Result<ProviderRefund> {
    Ok(ProviderRefund {
        key: row.try_get("provider_key")?,
        client: client(row)?,
        payment: PaymentId::new(row.try_get("payment_id")?),
        refund: RefundId::new(row.try_get("refund_id")?),
        amount: amount(row, "amount")?,
        currency: currency_of(row)?,
        status: row.try_get("status")?,
    })
}

pub(super) fn effect(row: &PgRow) -> Result<(String, String)> {
    Ok((row.try_get("kind")?, row.try_get("payload")?))
}
