//! An example of each kind of problem, made by the code that makes answers.

use super::{FieldError, Problem, ProblemKind};
use crate::refusal;
use domain::JobId;
use uuid::Uuid;

const JOB: JobId = JobId::new(Uuid::from_u128(0xf50b_2b3a_a754_82c0_8989_b1b0_8b0f_7967));

impl ProblemKind {
    /// A problem of this kind with every member that such a problem has.
    #[must_use]
    pub fn example(self) -> Problem {
        let refused = refusal::samples().into_iter().find(|sample| refusal::kind(sample) == self);
        match (self, refused) {
            (_, Some(refusal)) => refusal::problem(&refusal).about_job(JOB),
            (Self::InvalidRequest, _) => Problem::invalid(vec![FieldError {
                field: "user_id".to_owned(),
                message: "is required".to_owned(),
            }]),
            (Self::InsufficientScope, _) => Problem::insufficient_scope("write"),
            (Self::IdempotencyKeyReused, _) => Problem::key_reused(JOB),
            (Self::TooManyFailedAuthentications, _) => Problem::too_many_failed_authentications(42),
            (Self::RateLimited, _) => Problem::rate_limited(6),
            (Self::ProcessingFailed, _) => {
                Problem::given_up("the database refused it (23514)").about_job(JOB)
            }
            // The others have no members beyond those of every problem.
            (plain, _) => Problem::new(plain, plain.meaning()),
        }
    }
}
