//! Which grant has come in the place of which, by changes of plan.

use crate::{Grant, GrantId, GrantSource, Instant, SubscriptionId, WorkingSet};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;

/// The grants of a subscription, and how they follow each other. A grant that comes in the place of
/// another has a greater id.
pub(super) struct Chains<'a> {
    grants: BTreeMap<GrantId, &'a Grant>,
    /// By the grant that they name.
    by_named: HashMap<GrantId, &'a Grant>,
    /// By the instant of the change. The last, should the plan have been changed twice at one
    /// instant.
    by_change: HashMap<Instant, &'a Grant>,
    /// Those in whose place each has come.
    before: HashMap<GrantId, Vec<GrantId>>,
}

impl<'a> Chains<'a> {
    pub(super) fn of(working_set: &'a WorkingSet, subscription: SubscriptionId) -> Self {
        let grants: BTreeMap<GrantId, &Grant> =
            working_set.grants_of(subscription).map(|grant| (grant.id, grant)).collect();
        let mut chains = Self {
            grants,
            by_named: HashMap::new(),
            by_change: HashMap::new(),
            before: HashMap::new(),
        };
        for &grant in chains.grants.values() {
            let Some(named) = grant.from_grant else { continue };
            chains.by_named.entry(named).or_insert(grant);
            let first = chains.grants.get(&named).filter(|first| first.was_replaced());
            if let Some(at) = first.and_then(|first| first.closed_at) {
                chains.by_change.insert(at, grant);
            }
        }
        for old in chains.grants.values() {
            if let Some(newer) = chains.in_place_of(old) {
                chains.before.entry(newer.id).or_default().push(old.id);
            }
        }
        chains
    }

    /// All of them, in the order of their ids.
    pub(super) fn grants(&self) -> impl Iterator<Item = &'a Grant> {
        self.grants.values().copied()
    }

    /// All of them, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &'a Grant> {
        self.grants.values().rev().copied()
    }

    /// The grant that a change of plan has put in the place of that one. The first period of
    /// another interval comes in the place of all that the change has closed, and names the first
    /// of them.
    pub(super) fn in_place_of(&self, old: &Grant) -> Option<&'a Grant> {
        let own = self.by_named.get(&old.id);
        let at = old.closed_at.filter(|_| old.was_replaced());
        let of_all = || self.by_change.get(&at?).filter(|grant| old.id < grant.id);
        own.or_else(of_all).copied()
    }

    /// That grant and all in whose place it has come, directly or not, the newest first.
    pub(super) fn behind(&self, grant: &Grant) -> impl Iterator<Item = &'a Grant> {
        let mut next = BTreeSet::from([grant.id]);
        iter::from_fn(move || {
            let id = next.pop_last()?;
            next.extend(self.before.get(&id).into_iter().flatten());
            self.grants.get(&id).copied()
        })
    }
}

impl Grant {
    /// Whether a change of plan has taken its months. A trial has had none.
    fn was_replaced(&self) -> bool {
        self.months == 0 && self.closed_at.is_some() && self.source != GrantSource::Trial
    }
}
