//! A change of plan that is made: old grants are exchanged for new ones.

use super::grants::recognise_at;
use crate::decide::Decider;
use crate::{
    Account, Change, ChangeOfPlan, ChangedGrant, Conversion, Currency, Grant, GrantSource, Instant,
    NextPlan, Payment, PaymentId, Refusal, Slice, Subscription, SubscriptionState, User, calendar,
};

/// A change of plan of a subscription that has been paid, if anything was owed.
pub(super) struct Exchange {
    /// The subscription, which waits for no payment.
    pub(super) subscription: Subscription,
    /// Its user.
    pub(super) user: User,
    /// The new plan.
    pub(super) plan: NextPlan,
    /// What it costs.
    pub(super) change: ChangeOfPlan,
    /// The currency of the new plan.
    pub(super) currency: Currency,
    /// The payment, as it succeeded; none if nothing was owed.
    pub(super) payment: Option<Payment>,
}

/// A grant that is replaced.
struct Replaced<'a> {
    grant: Grant,
    slice: Slice,
    by: &'a ChangedGrant,
}

impl Exchange {
    /// The changed rows, and the subscription then. A refusal if a grant is not what it was when
    /// the change was priced, or if it would end too late.
    pub(super) fn made(
        &self,
        decider: &Decider<'_>,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let replaced = self.change.grants.iter().map(|by| self.find(decider, by));
        let replaced = replaced.collect::<Option<Vec<_>>>().ok_or(Refusal::NotAsPriced)?;
        let open = decider.open_grants(&self.subscription);
        let kept: Vec<Grant> =
            open.into_iter().filter(|grant| !self.change.replaces(grant)).collect();
        if self.change.period.as_ref().is_some_and(|new| new.start != self.change.begins(&kept)) {
            // What is free and comes first ends at another instant since.
            return Err(Refusal::NotAsPriced);
        }
        let moved = self.moved(&kept).ok_or(Refusal::TermTooLong)?;
        let added = self.added(decider, &replaced).ok_or(Refusal::TermTooLong)?;
        let is_moved = |grant: &&Grant| moved.iter().any(|other| other.id == grant.id);
        let kept = kept.iter().filter(|grant| !is_moved(grant)).chain(&moved);
        let recognise_at = recognise_at(kept.chain(&added));
        let subscription = self.changed(decider, &replaced, &moved, recognise_at)?;
        let mut changes = decider.with_marks(&subscription);
        let (ended, transfers) =
            (self.ended(&replaced), self.transfers(decider, &replaced, &added));
        changes.extend(ended.into_iter().chain(moved).chain(added).map(Change::Grant));
        changes.extend(self.credited().map(Change::ChangedUser));
        changes.extend(transfers);
        Ok((changes, subscription))
    }

    /// The grant, if it is as it was. What was paid for it may have been earned meanwhile.
    fn find<'a>(&self, decider: &Decider<'_>, by: &'a ChangedGrant) -> Option<Replaced<'a>> {
        let open = decider.open_grants(&self.subscription).into_iter().find(|g| g.id == by.grant);
        let earned = || decider.working_set.grant(by.grant).cloned();
        let grant = open.or_else(earned)?;
        let slice = grant.slice?;
        let was_ended = grant.closed_at.is_some_and(|at| at < slice.end);
        let is_same = grant.value == by.value && slice.end == by.end && !was_ended;
        is_same.then_some(Replaced { grant, slice, by })
    }

    /// The grants that are replaced, as they end: all at the instant of the change, by which they
    /// are known to belong together. What goes to the credit of the user comes from those that were
    /// worth more than what is in their place, the last first.
    fn ended(&self, replaced: &[Replaced<'_>]) -> Vec<Grant> {
        let (at, mut left) = (self.change.at, self.change.to_credit());
        let ended = replaced.iter().rev().map(|Replaced { grant, slice, by }| {
            let to_credit = left.min(by.unused.saturating_sub(by.price));
            left -= to_credit;
            Grant {
                months: 0,
                slice: Some(Slice { end: at.clamp(slice.start, slice.end), ..*slice }),
                value: 0,
                closed_at: Some(at),
                to_credit,
                ..grant.clone()
            }
        });
        ended.collect()
    }

    /// The new grants. Each has the payment of the change, or that of what it replaces. One that
    /// has ended before the change was paid is closed: the instant of its end has been seen.
    fn added(&self, decider: &Decider<'_>, replaced: &[Replaced<'_>]) -> Option<Vec<Grant>> {
        let (now, at) = (decider.context.now, self.change.at);
        let ran_until = self.subscription.ran_until(now);
        let of_any = replaced.iter().find_map(|replaced| replaced.grant.payment);
        let new = |id, months, slice, value, old: Option<&Grant>| Grant {
            id,
            client: self.subscription.client,
            subscription: self.subscription.id,
            source: GrantSource::Change,
            months,
            job: decider.context.job,
            granted_at: now,
            slice: Some(slice),
            length: old.and_then(Grant::original_length),
            value,
            currency: (value > 0).then_some(self.currency),
            payment: self.payment_of(old).or(of_any).filter(|_| value > 0),
            to_credit: 0,
            from_grant: old.map(|old| old.id),
            closed_at: Some(slice.end).filter(|end| *end <= ran_until),
        };
        let mut added = Vec::new();
        for Replaced { grant, slice, by } in replaced {
            let rest = Slice { start: at.clamp(slice.start, slice.end), ..*slice };
            let goes_on = |id| new(id, grant.months, rest, by.price, Some(grant));
            added.extend(by.new_grant.map(goes_on));
        }
        if let Some(period) = &self.change.period {
            let end = calendar::add_months(period.start, period.months)?;
            let slice = Slice { start: period.start, end };
            let first = replaced.first().map(|replaced| &replaced.grant);
            let grant = new(period.grant, period.months, slice, period.price, first);
            added.push(Grant { length: None, ..grant });
        }
        Some(added)
    }

    fn payment_of(&self, old: Option<&Grant>) -> Option<PaymentId> {
        let paid = self.payment.as_ref().map(|payment| payment.id);
        paid.or_else(|| old.and_then(|old| old.payment))
    }

    /// What is free and has not begun: it comes behind the new period.
    fn moved(&self, kept: &[Grant]) -> Option<Vec<Grant>> {
        let Some(period) = &self.change.period else { return Some(Vec::new()) };
        let (mut months, mut moved) = (period.months, Vec::new());
        for grant in kept.iter().filter(|grant| self.change.moves(grant)) {
            let start = calendar::add_months(period.start, months)?;
            months = months.saturating_add(grant.months);
            let end = calendar::add_months(period.start, months)?;
            moved.push(Grant { slice: Some(Slice { start, end }), ..grant.clone() });
        }
        Some(moved)
    }

    /// The subscription with the new plan. A flag to end at its end stays. Where its renewal has
    /// waited for the payment, that is tried now.
    fn changed(
        &self,
        decider: &Decider<'_>,
        replaced: &[Replaced<'_>],
        moved: &[Grant],
        recognise_at: Option<Instant>,
    ) -> Result<Subscription, Refusal> {
        let (now, change) = (decider.context.now, &self.change);
        let free = moved.iter().map(|grant| grant.months).fold(0, u32::saturating_add);
        let planned = self.subscription.with_plan(self.plan.clone(), change.grace_days);
        let changed = planned.with_period(change, free)?;
        let mut months = changed.months;
        if let Some(period) = &change.period {
            let old =
                replaced.iter().map(|replaced| replaced.grant.months).fold(0, u32::saturating_add);
            months = months.saturating_sub(old).saturating_add(period.months);
        }
        let conversion = changed.conversion.map(|first| Conversion {
            months: change.conversion_months.unwrap_or(first.months),
            ..first
        });
        let changed = Subscription { months, conversion, recognise_at, updated_at: now, ..changed };
        Ok(changed.if_it_runs_again(now))
    }

    /// The user, if the rest of what was paid goes to his credit.
    fn credited(&self) -> Option<User> {
        let (user, more) = (&self.user, self.change.to_credit());
        let currency = user.currency.or(Some(self.currency));
        (more > 0).then(|| User { credit: user.credit + more, currency, ..user.clone() })
    }

    /// What was paid becomes what is to be earned by the new grants. What was used is earned, and
    /// so is what new grants are worth that have ended.
    fn transfers(
        &self,
        decider: &Decider<'_>,
        replaced: &[Replaced<'_>],
        added: &[Grant],
    ) -> Vec<Change> {
        let is_open = |replaced: &&Replaced<'_>| replaced.grant.closed_at.is_none();
        let value = |replaced: &Replaced<'_>| replaced.grant.value;
        let all: u64 = replaced.iter().map(value).sum();
        let open: u64 = replaced.iter().filter(is_open).map(value).sum();
        let credit = Account::Credit(self.user.id);
        let paid = self.payment.as_ref().map_or((0, 0), |paid| (paid.cash, paid.credit));
        let debits = vec![
            (Account::Deferred, open),
            (Account::Revenue, all - open),
            (Account::Cash, paid.0),
            (credit, paid.1),
        ];
        let change = &self.change;
        let has_ended = |grant: &&Grant| grant.closed_at.is_some();
        let earned: u64 = added.iter().filter(has_ended).map(|grant| grant.value).sum();
        let credits = vec![
            (Account::Deferred, change.price() - earned),
            (credit, change.to_credit()),
            (Account::Revenue, all - change.unused() + earned),
        ];
        balanced(decider, debits, credits, self.currency)
    }
}

impl Subscription {
    /// This subscription with that plan, and no change of it that waits.
    pub(super) fn with_plan(&self, NextPlan { code, version }: NextPlan, grace_days: u32) -> Self {
        Self { plan: code, plan_version: version, next_plan: None, grace_days, ..self.clone() }
    }

    /// This subscription, which is not past due any more if it has time again. No attempt was made
    /// at its new end.
    fn if_it_runs_again(self, now: Instant) -> Self {
        if self.end_date <= now {
            return self;
        }
        let state = match self.state {
            SubscriptionState::PastDue => SubscriptionState::Active,
            state => state,
        };
        Self { state, attempts: 0, retry_at: None, ..self }
    }
}

/// The transfers that lead from the accounts that are debited to those that are credited. Both
/// sides have the same sum. What an account has on both sides is left out.
fn balanced(
    decider: &Decider<'_>,
    mut debits: Vec<(Account, u64)>,
    mut credits: Vec<(Account, u64)>,
    currency: Currency,
) -> Vec<Change> {
    for (account, debit) in &mut debits {
        for (_, credit) in credits.iter_mut().filter(|(other, _)| other == account) {
            let both = (*debit).min(*credit);
            (*debit, *credit) = (*debit - both, *credit - both);
        }
    }
    let mut changes = Vec::new();
    for (from, left) in &mut debits {
        for (to, wanted) in &mut credits {
            let amount = (*left).min(*wanted);
            (*left, *wanted) = (*left - amount, *wanted - amount);
            changes.extend(decider.transfer((*from, *to), amount, currency));
        }
    }
    changes
}
