//! `advance_clock`: moves the clock of a test client.

use crate::bounded::instant;
use crate::decide::{Decider, OpenRules, Ruled};
use crate::{
    Advance, Change, ClientId, Effect, EffectTask, Instant, Leap, Needs, NewIds, Refusal,
    TestClock, UserId, calendar, schema,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest way of one advance, in months: five years.
const ADVANCE_MONTHS_MAX: u32 = 60;

/// Moves the clock of a test client. All that becomes due on the way is done in its order, each at
/// its own instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceClock {
    /// The instant at which the clock will stand: not before the one at which it stands, and at
    /// most five years after it.
    #[serde(deserialize_with = "instant")]
    #[schema(schema_with = schema::instant)]
    pub to: Instant,
}

impl OpenRules for AdvanceClock {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.clocks_to_move.insert(client);
    }

    fn subject(&self, _: &Decider<'_>) -> Option<UserId> {
        None
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Result<Ruled, Refusal> {
        let Decider { context, working_set } = *decider;
        let clock = *working_set.test_clock(context.client).ok_or(Refusal::NotATestClient)?;
        if clock.advance.is_some() {
            return Err(Refusal::ClockAdvancing);
        }
        if self.to < clock.now {
            return Err(Refusal::ClockBackwards { now: clock.now });
        }
        let latest = calendar::add_months(clock.now, ADVANCE_MONTHS_MAX);
        if !TestClock::may_stand_at(self.to) || latest.is_none_or(|latest| latest < self.to) {
            return Err(Refusal::ClockTooFar);
        }
        let advance = Some(Advance { target: self.to, job: context.job });
        let effect = Effect::new(context, EffectTask::Clock(Leap::begin(self.to)), 0);
        let changes = vec![Change::Clock(TestClock { advance, ..clock })];
        Ok(Ruled { changes, effects: vec![effect], success: None })
    }
}

#[cfg(test)]
mod tests {
    use super::AdvanceClock;
    use crate::samples::*;
    use crate::{
        Advance, Change, Decision, Effect, EffectTask, Instant, JobId, Leap, Outcome, Refusal,
        TestClock, WorkingSet,
    };
    use chrono::TimeDelta;
    use uuid::Uuid;

    const STANDS: &str = "2026-01-31T00:00:00Z";

    fn clock(advance: Option<Advance>) -> TestClock {
        TestClock { client: SHOP, now: at(STANDS), advance }
    }

    fn rows(clock: TestClock) -> WorkingSet {
        working_set([Change::Clock(clock)])
    }

    fn advance(rows: &WorkingSet, to: Instant) -> Decision {
        decided_at(rows, AdvanceClock { to }, at(STANDS))
    }

    #[test]
    fn it_begins_by_setting_the_target_and_leaves_the_rest_to_an_effect() {
        // The last is five years later.
        for to in [STANDS, "2026-01-31T00:00:00.000001Z", "2031-01-31T00:00:00Z"].map(at) {
            let moving = clock(Some(Advance { target: to, job: JOB }));
            let task = EffectTask::Clock(Leap::begin(to));
            let expected = Decision {
                changes: vec![Change::Clock(moving)],
                effects: vec![Effect::new(&context(at(STANDS)), task, 0)],
                user: None,
                outcome: Outcome::Pending,
                settles: None,
            };
            assert_eq!(advance(&rows(clock(None)), to), expected, "{to}");
        }
    }

    #[test]
    fn it_is_for_test_clients_only() {
        let found = advance(&working_set([]), at(STANDS));
        assert_eq!(found, refused(None, Refusal::NotATestClient));
        let others = rows(TestClock { client: RIVAL, ..clock(None) });
        assert_eq!(advance(&others, at(STANDS)), refused(None, Refusal::NotATestClient));
    }

    #[test]
    fn one_at_a_time_wherever_it_goes() {
        let job = JobId::new(Uuid::from_u128(8));
        let moving = rows(clock(Some(Advance { target: at("2026-03-01T00:00:00Z"), job })));
        for to in ["2025-01-01T00:00:00Z", STANDS, "2026-04-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
            assert_eq!(advance(&moving, at(to)), refused(None, Refusal::ClockAdvancing), "{to}");
        }
    }

    #[test]
    fn it_goes_forwards_and_not_too_far() {
        let (stands, tick) = (rows(clock(None)), TimeDelta::microseconds(1));
        let backwards = Refusal::ClockBackwards { now: at(STANDS) };
        assert_eq!(advance(&stands, at(STANDS) - tick), refused(None, backwards));
        let far = at("2031-01-31T00:00:00Z") + tick;
        assert_eq!(advance(&stands, far), refused(None, Refusal::ClockTooFar));
        let end = TestClock { now: at("8999-12-31T00:00:00Z"), ..clock(None) };
        let beyond = advance(&rows(end), at("9000-01-01T00:00:00Z"));
        assert_eq!(beyond, refused(None, Refusal::ClockTooFar));
        let last = advance(&rows(end), at("8999-12-31T23:59:59Z"));
        assert_eq!(last.outcome, Outcome::Pending);
    }
}
