//! `POST /subscribe`

use crate::extract::Fields;
use domain::{Command, PlanCode, UserId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    // All are taken before one is missed, so that everything that is wrong is told at once.
    let user_id = fields.id("user_id");
    let plan = fields.text("plan", PlanCode::parse);
    let duration_months = fields.months("duration_months");
    Some(Command::Subscribe {
        user_id: UserId::new(user_id?),
        plan: plan?,
        duration_months: duration_months?,
    })
}
