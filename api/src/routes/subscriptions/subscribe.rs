//! `POST /subscribe`

use crate::extract::Fields;
use domain::{Command, PlanCode, Subscribe, UserId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    // All fields are read before the first `?`, so that one answer names all that are wrong.
    let user_id = fields.id("user_id");
    let plan = fields.text("plan", PlanCode::parse);
    let duration_months = fields.months("duration_months");
    Some(Command::from(Subscribe {
        user_id: UserId::new(user_id?),
        plan: plan?,
        duration_months: duration_months?,
    }))
}
