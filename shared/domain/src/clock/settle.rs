//! `settle_clock`: the advance of a test clock has come to its end.

use super::{Advanced, StoppedBy};
use crate::decide::{Decider, InternalRuled, OpenInternalRules};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Instant, JobId, Needs, NewIds, Settles, Success,
    TestClock,
};
use serde::{Deserialize, Serialize};

/// Lets a test clock stand at the target of its advance, once nothing is due until then, and
/// answers the job that moved it. If a payment has stopped it on the way it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleClock {
    /// The job that moved it.
    pub job_id: JobId,
    /// The target, or where it was stopped.
    pub to: Instant,
    /// The number of due instants that were visited.
    pub steps: u64,
    /// Whether a payment has stopped it on the way, of which nobody knows what came of it.
    #[serde(default, skip_serializing_if = "crate::bounded::is_false")]
    pub stopped_by_payment: bool,
}

impl OpenInternalRules for SettleClock {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("settle:clock:{}", self.job_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.clocks_to_move.insert(client);
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Option<InternalRuled> {
        let client = decider.context.client;
        let clock = decider.working_set.test_clock(client)?;
        let target = clock.target_of(self.job_id)?;
        let stopped_by = self.stopped_by_payment.then_some(StoppedBy::Payment);
        let now = if stopped_by.is_some() { clock.now } else { target };
        if now != self.to {
            return None;
        }
        let stands = TestClock { now, advance: None, ..*clock };
        let entity = Entity::Clock(Advanced { client, now, steps: self.steps, stopped_by });
        let result = Ok(Success::Changed(entity.clone()));
        Some(InternalRuled {
            changes: vec![Change::Clock(stands)],
            effects: Vec::new(),
            entity,
            settles: Some(Settles { job: self.job_id, result }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SettleClock;
    use crate::samples::*;
    use crate::{
        Advance, Advanced, Change, Decision, Entity, Instant, InternalCommand, JobId, Outcome,
        Settles, StoppedBy, Success, TestClock, WorkingSet,
    };
    use uuid::Uuid;

    fn moving(job: JobId) -> TestClock {
        let advance = Advance { target: now(), job };
        TestClock { client: SHOP, now: at("2026-01-31T00:00:00Z"), advance: Some(advance) }
    }

    fn command(to: Instant, stopped_by_payment: bool) -> SettleClock {
        SettleClock { job_id: JOB, to, steps: 3, stopped_by_payment }
    }

    fn settle(rows: &WorkingSet) -> Option<Decision> {
        due_at(rows, command(now(), false), now())
    }

    #[test]
    fn the_clock_stands_at_its_target_and_the_job_that_moved_it_is_answered() {
        let stands = TestClock { now: now(), advance: None, ..moving(JOB) };
        let advanced = Advanced { client: SHOP, now: now(), steps: 3, stopped_by: None };
        let success = Success::Changed(Entity::Clock(advanced));
        let expected = Decision {
            changes: vec![Change::Clock(stands)],
            effects: Vec::new(),
            user: None,
            outcome: Outcome::Done(Ok(success.clone())),
            settles: Some(Settles { job: JOB, result: Ok(success) }),
        };
        assert_eq!(settle(&working_set([Change::Clock(moving(JOB))])), Some(expected));
    }

    #[test]
    fn a_payment_stops_it_where_it_stands() {
        let rows = working_set([Change::Clock(moving(JOB))]);
        let here = moving(JOB).now;
        assert_eq!(due_at(&rows, command(now(), true), here), None);
        let decision = due_at(&rows, command(here, true), here).unwrap();
        let stands = TestClock { now: here, advance: None, ..moving(JOB) };
        assert_eq!(decision.changes, [Change::Clock(stands)]);
        let stopped_by = Some(StoppedBy::Payment);
        let advanced = Advanced { client: SHOP, now: here, steps: 3, stopped_by };
        assert_eq!(decision.outcome.success(), Some(&Success::Changed(Entity::Clock(advanced))));
    }

    #[test]
    fn it_is_done_once_and_for_the_advance_that_it_names() {
        let other = JobId::new(Uuid::from_u128(8));
        let stands = TestClock { now: now(), advance: None, ..moving(JOB) };
        for clock in [moving(other), stands, TestClock { client: RIVAL, ..moving(JOB) }] {
            assert_eq!(settle(&working_set([Change::Clock(clock)])), None, "{clock:?}");
        }
        assert_eq!(settle(&working_set([])), None);
    }

    #[test]
    fn an_advance_has_one_key() {
        let key = InternalCommand::from(command(now(), false)).key();
        assert_eq!(key.as_str(), "settle:clock:00000000-0000-0000-0000-000000000007");
    }
}
