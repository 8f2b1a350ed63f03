//! Does what is due, as workers do: by the commands that the rows themselves name.

use super::{Ending, History, load, new_ids};
use chrono::TimeDelta;
use domain::{
    ClientId, Context, Decision, GiftStatus, Instant, InternalCommand, Needs, Operation,
    Subscription, SubscriptionId, UserId, WorkingSet, decide_internal, internal_job_id,
};
use std::collections::{BTreeMap, BTreeSet};

impl History {
    /// Does all that is due, one by one, and what becomes due by that.
    pub(crate) fn sweep(&mut self) -> Ending {
        let (before, mut renewed) = (self.shown(), BTreeSet::new());
        loop {
            let due = self.books.due(self.now);
            if due.is_empty() {
                break;
            }
            for (client, command) in due {
                renewed.extend(self.internal(client, &command));
            }
        }
        let mut after = self.shown();
        // A renewal that is made is news.
        after.0.retain(|(user, _), _| !renewed.contains(user));
        let unchanged = after.0.iter().all(|(row, status)| before.0.get(row) == Some(status));
        assert!(unchanged && after.1 == before.1, "a sweep changed {before:?} to {after:?}");
        self.nothing_comes_early();
        Ending::Swept
    }

    /// Moves the clock, and does what is due at each instant on the way.
    pub(crate) fn advance(&mut self, to: Instant) {
        while let Some(next) = self.books.next_due().filter(|next| *next <= to) {
            self.now = next.max(self.now);
            for (client, command) in self.books.due(self.now) {
                self.internal(client, &command);
            }
        }
        self.now = to;
    }

    /// Returns the user whose subscription was renewed.
    fn internal(&mut self, client: ClientId, command: &InternalCommand) -> Option<UserId> {
        let context = context(client, command, self.now);
        self.jobs += 1;
        let decide = |working_set: &WorkingSet| {
            decide_internal(working_set, &context, command, &mut new_ids(0, self.jobs))
        };
        let decision = decide(&self.working_set);

        let mut needs = Needs::default();
        command.needs(client, &mut needs);
        let loaded = load::load(&self.books, &needs);
        assert!(loaded.has_all(&needs));
        assert_eq!(decision, decide(&loaded), "loaded too little");

        let Decision { changes, user, outcome, .. } = decision.unwrap();
        assert!(outcome.success().is_some(), "refused: {outcome:?}");
        let concerned = user.and_then(|user| self.books.users.get(&user));
        assert_eq!(concerned.map(|user| user.client), Some(client));
        for change in changes {
            self.books.record(&change, (&context, None));
            self.working_set.apply(change);
        }
        let mut again = new_ids(0, self.jobs);
        let again = decide_internal(&self.working_set, &context, command, &mut again);
        assert_eq!(again, None, "done twice");
        user.filter(|_| command.operation() == Operation::RenewSubscription)
    }

    /// What will be due is not done before.
    fn nothing_comes_early(&self) {
        let subscriptions = self.books.subscriptions.values();
        let ends = subscriptions.filter_map(|s| Some((s.client, s.due_at()?, s.due()?)));
        let gifts = self.books.gifts.values();
        let expiries = gifts.filter_map(|gift| Some((gift.client, gift.due_at()?, gift.due()?)));
        for (client, due_at, command) in ends.chain(expiries) {
            let tick = TimeDelta::microseconds(1);
            for now in [self.now, due_at - tick] {
                let (context, mut ids) = (context(client, &command, now), new_ids(0, self.jobs));
                let early = decide_internal(&self.working_set, &context, &command, &mut ids);
                assert_eq!(early, None, "{command:?} at {now}");
            }
        }
    }

    /// The rows as clients see them: subscriptions but for the instant of their last change, and
    /// the statuses of gifts.
    fn shown(&self) -> (BTreeMap<(UserId, SubscriptionId), Subscription>, Vec<GiftStatus>) {
        let subscriptions = self.books.subscriptions.values().map(|s| {
            let seen = self.working_set.line(s.user).row_at(s, self.now);
            ((s.user, s.id), Subscription { updated_at: s.created_at, ..seen })
        });
        let gifts = self.books.gifts.values();
        (subscriptions.collect(), gifts.map(|gift| gift.effective_status(self.now)).collect())
    }
}

fn context(client: ClientId, command: &InternalCommand, now: Instant) -> Context {
    super::context(client, internal_job_id(client, &command.key()), now)
}
