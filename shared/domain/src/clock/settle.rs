//! `settle_clock`: the advance of a test clock has come to its end.

use super::Advanced;
use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{Change, ClientId, Entity, IdempotencyKey, Instant, JobId, Needs, TestClock};
use serde::{Deserialize, Serialize};

/// Lets a test clock stand at the target of its advance, once nothing is due until then, and
/// answers the job that moved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleClock {
    /// The job that moved it.
    pub job_id: JobId,
    /// The target.
    pub to: Instant,
    /// The number of due instants that were visited.
    pub steps: u64,
}

impl InternalRules for SettleClock {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("settle:clock:{}", self.job_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.clocks_to_move.insert(client);
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let client = decider.context.client;
        let clock = decider.working_set.test_clock(client)?;
        let now = clock.target_of(self.job_id).filter(|target| *target == self.to)?;
        let stands = TestClock { now, advance: None, ..*clock };
        let advanced = Advanced { client, now, steps: self.steps };
        Some((vec![Change::Clock(stands)], Entity::Clock(advanced)))
    }

    fn settles(&self) -> Option<JobId> {
        Some(self.job_id)
    }
}

#[cfg(test)]
mod tests {
    use super::SettleClock;
    use crate::samples::*;
    use crate::{
        Advance, Advanced, Change, Decision, Entity, InternalCommand, JobId, Outcome, Success,
        TestClock, WorkingSet,
    };
    use uuid::Uuid;

    fn moving(job: JobId) -> TestClock {
        let advance = Advance { target: now(), job };
        TestClock { client: SHOP, now: at("2026-01-31T00:00:00Z"), advance: Some(advance) }
    }

    fn settle(rows: &WorkingSet) -> Option<Decision> {
        due_at(rows, SettleClock { job_id: JOB, to: now(), steps: 3 }, now())
    }

    #[test]
    fn the_clock_stands_at_its_target_and_the_job_that_moved_it_is_answered() {
        let stands = TestClock { now: now(), advance: None, ..moving(JOB) };
        let advanced = Advanced { client: SHOP, now: now(), steps: 3 };
        let expected = Decision {
            changes: vec![Change::Clock(stands)],
            effects: Vec::new(),
            user: None,
            outcome: Outcome::Done(Ok(Success::Changed(Entity::Clock(advanced)))),
            settles: Some(JOB),
        };
        assert_eq!(settle(&working_set([Change::Clock(moving(JOB))])), Some(expected));
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
        let command = SettleClock { job_id: JOB, to: now(), steps: 3 };
        let key = InternalCommand::from(command).key();
        assert_eq!(key.as_str(), "settle:clock:00000000-0000-0000-0000-000000000007");
    }
}
