//! The ids that commands took for the rows that they made. The command log does not have them; the
//! rows name the jobs that made them.

use super::evidence::{LogRow, Rows};
use domain::{DrawnIds, JobId, NewIds, Operation, PaymentMethodId, Purpose};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The number of ids beside the known ones, which commands take and make nothing of. Each is
/// greater than those.
const UNUSED: i64 = 64;

/// What the input of a settlement says of the method that it settles.
#[derive(Deserialize)]
struct SettledMethod {
    method_id: PaymentMethodId,
    job_id: JobId,
}

/// The ids of rows, by the jobs that made them.
#[derive(Default)]
pub(super) struct KnownIds {
    of_jobs: BTreeMap<JobId, DrawnIds>,
}

impl KnownIds {
    pub(super) fn of(rows: &Rows) -> Self {
        let mut known = Self::default();
        for grant in &rows.grants {
            known.of_jobs.entry(grant.job).or_default().grants.push(grant.id.get());
        }
        for payment in &rows.payments {
            let ids = known.of_jobs.entry(payment.job).or_default();
            ids.payments.push(payment.id.get());
            match &payment.purpose {
                Purpose::Subscribe { subscription, .. } => {
                    ids.subscriptions.push(subscription.get());
                }
                Purpose::Gift { gift } => ids.gifts.push(gift.get()),
                // Its grants are made when it is paid, by the ids of when it was priced.
                Purpose::ChangePlan { change, .. } => {
                    let goes_on = change.grants.iter().filter_map(|changed| changed.new_grant);
                    let begins = change.period.iter().map(|period| period.grant);
                    ids.grants.extend(goes_on.chain(begins).map(domain::GrantId::get));
                }
                Purpose::Renew { .. } | Purpose::Renewal { .. } => {}
            }
        }
        for refund in &rows.refunds {
            known.of_jobs.entry(refund.job).or_default().refunds.push(refund.id.get());
        }
        // A method names no job, but what settles it does.
        for row in rows.log.iter().filter(|row| row.operation == Operation::SettleMethod.as_str()) {
            let settled = row.input.as_deref().map(serde_json::from_str::<SettledMethod>);
            if let Some(Ok(settled)) = settled {
                let ids = known.of_jobs.entry(settled.job_id).or_default();
                ids.methods.push(settled.method_id.get());
            }
        }
        known
    }

    /// The ids that a command took, and some more.
    pub(super) fn of_job(&self, row: &LogRow) -> NewIds {
        let mut drawn = self.of_jobs.get(&row.job).cloned().unwrap_or_default();
        let operation = Operation::parse(&row.operation);
        let entity = row.entity;
        match operation {
            Some(Operation::CreateUser) => drawn.users.extend(entity),
            Some(Operation::Subscribe | Operation::Import) => drawn.subscriptions.extend(entity),
            Some(Operation::Give) => drawn.gifts.extend(entity),
            Some(Operation::Redeem) => drawn.subscriptions.extend(redeemed_into(row)),
            _ => {}
        }
        for ids in [
            &mut drawn.users,
            &mut drawn.gifts,
            &mut drawn.subscriptions,
            &mut drawn.grants,
            &mut drawn.payments,
            &mut drawn.methods,
            &mut drawn.refunds,
        ] {
            ids.sort_unstable();
            ids.dedup();
            ids.extend(i64::MAX - UNUSED..i64::MAX);
        }
        NewIds::new(drawn)
    }
}

/// The subscription that a gift was redeemed into, by its answer.
fn redeemed_into(row: &LogRow) -> Option<i64> {
    let body: Value = serde_json::from_str(&row.answer.as_ref()?.body).ok()?;
    body.get("subscription_id")?.as_i64()
}
