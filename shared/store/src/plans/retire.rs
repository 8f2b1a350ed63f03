//! What commands write of plans.

use crate::StoreError;
use crate::statements::Statement;
use domain::{Instant, Plan};
use serde::Serialize;
use sqlx::{Execute, SqlStr};

#[derive(Serialize)]
struct RetiredRow<'a> {
    client_id: i64,
    code: &'a str,
    retired_at: Option<Instant>,
}

/// Writes that plans are retired. It is a statement of its own, because it is needed seldom.
pub(crate) fn write_retired<'a>(
    plans: impl Iterator<Item = &'a Plan>,
) -> Result<Option<Statement>, StoreError> {
    let rows: Vec<RetiredRow<'_>> = plans.map(RetiredRow::from).collect();
    Statement::of_rows("write_plans", write_plans, &rows)
}

fn write_plans() -> SqlStr {
    sqlx::query!(
        "UPDATE plans SET retired_at = retired.retired_at
         FROM json_to_recordset($1::text::json)
                  AS retired (client_id bigint, code text, retired_at timestamptz)
         WHERE plans.client_id = retired.client_id AND plans.code = retired.code",
        "",
    )
    .sql()
}

impl<'a> From<&'a Plan> for RetiredRow<'a> {
    fn from(plan: &'a Plan) -> Self {
        let (client_id, code) = (plan.client.get(), plan.code.as_str());
        Self { client_id, code, retired_at: plan.retired_at }
    }
}
