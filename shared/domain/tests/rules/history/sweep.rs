//! Does what is due, as workers do: by the commands that the rows themselves name.

use super::{Ending, History, load};
use chrono::TimeDelta;
use domain::{
    ClientId, Context, Decision, GiftStatus, Instant, InternalCommand, Needs, SubscriptionStatus,
    decide_internal, internal_job_id,
};
use samples::GIFT_TTL;

impl History {
    /// Does all that is due, one by one.
    pub(crate) fn sweep(&mut self) -> Ending {
        let before = self.shown();
        for (client, command) in self.books.due(self.now) {
            self.internal(client, &command);
        }
        assert_eq!(self.shown(), before, "what a client sees was changed by a sweep");
        assert_eq!(self.books.due(self.now), [], "a sweep left what is due");
        self.nothing_comes_early();
        Ending::Swept
    }

    fn internal(&mut self, client: ClientId, command: &InternalCommand) {
        let context = context(client, command, self.now);
        let decision = decide_internal(&self.working_set, &context, command);

        let mut needs = Needs::default();
        command.needs(client, &mut needs);
        let loaded = load::load(&self.books, &needs);
        assert!(loaded.has_all(&needs));
        assert_eq!(decision, decide_internal(&loaded, &context, command), "loaded too little");

        let Decision { changes, user, result } = decision.unwrap();
        assert!(result.is_ok(), "refused: {result:?}");
        let concerned = user.and_then(|user| self.books.users.get(&user));
        assert_eq!(concerned.map(|user| user.client), Some(client));
        for change in changes {
            self.books.record(&change, (&context, None));
            self.working_set.apply(change);
        }
        assert_eq!(decide_internal(&self.working_set, &context, command), None, "done twice");
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
                let early =
                    decide_internal(&self.working_set, &context(client, &command, now), &command);
                assert_eq!(early, None, "{command:?} at {now}");
            }
        }
    }

    /// The status of every row as clients see it.
    fn shown(&self) -> (Vec<SubscriptionStatus>, Vec<GiftStatus>) {
        let subscriptions = self.books.subscriptions.values();
        let gifts = self.books.gifts.values();
        (
            subscriptions.map(|s| s.effective_status(self.now)).collect(),
            gifts.map(|gift| gift.effective_status(self.now)).collect(),
        )
    }
}

fn context(client: ClientId, command: &InternalCommand, now: Instant) -> Context {
    Context { now, client, job: internal_job_id(client, &command.key()), gift_ttl: GIFT_TTL }
}
