//! What commands write of plans.

use crate::StoreError;
use domain::Plan;
use sqlx::PgConnection;

/// Writes that plans are retired. It is a statement of its own, because it is needed seldom.
pub(crate) async fn write_retired<'a>(
    tx: &mut PgConnection,
    plans: impl Iterator<Item = &'a Plan>,
) -> Result<(), StoreError> {
    for plan in plans {
        sqlx::query!(
            "UPDATE plans SET retired_at = $3 WHERE client_id = $1 AND code = $2",
            plan.client.get(),
            plan.code.as_str(),
            plan.retired_at,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
