//! Plans as they are read.

use crate::connections::Lent;
use crate::tables::{VersionedPlanRow, from_json, query_plans};
use crate::{Database, StoreError};
use domain::{ClientId, Plan, PlanCode};
use sqlx::PgConnection;

/// A request for a page of plans: the newest `limit` ones of that client.
#[derive(Debug, Clone)]
pub struct PageOf {
    /// The client that sells them.
    pub client: ClientId,
    /// Whether retired ones are among them.
    pub retired: bool,
    /// The last plan of the page before, if there is one.
    pub after: Option<PlanCode>,
    /// The most plans of the page.
    pub limit: u32,
}

/// A page of plans.
#[derive(Debug)]
pub struct Page {
    /// The plans, newest first.
    pub plans: Vec<Plan>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A page of plans; nothing comes after a code that no plan of the client has.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(database: &Database, asked: &PageOf) -> Result<Page, StoreError> {
    let look = |mut connection: Lent| async move { find_page(&mut connection, asked).await };
    database.read(look).await
}

/// A plan of that client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find(
    database: &Database,
    client: ClientId,
    code: &PlanCode,
) -> Result<Option<Plan>, StoreError> {
    let look = |mut connection: Lent| async move { find_plan(&mut connection, client, code).await };
    database.read(look).await
}

/// The client of that name.
pub async fn client_named(database: &Database, name: &str) -> Result<Option<ClientId>, StoreError> {
    let look = |mut connection: Lent| async move {
        let id = sqlx::query_scalar!("SELECT id FROM clients WHERE name = $1", name);
        Ok(id.fetch_optional(&mut *connection).await?.map(ClientId::new))
    };
    database.read(look).await
}

async fn find_page(connection: &mut PgConnection, asked: &PageOf) -> Result<Page, StoreError> {
    let before = match &asked.after {
        None => i64::MAX,
        Some(code) => match find_plan(&mut *connection, asked.client, code).await? {
            Some(plan) => plan.id.get(),
            None => return Ok(Page { plans: Vec::new(), has_more: false }),
        },
    };
    // One plan more than requested is read, which tells whether more follow.
    let rows = query_plans!(
        "SELECT ",
        r#"::text AS "plan!" FROM plans JOIN plan_versions USING (client_id, code, version)
           WHERE plans.client_id = $1 AND plans.id < $2 AND ($3 OR plans.retired_at IS NULL)
           ORDER BY plans.id DESC LIMIT $4"#,
        asked.client.get(),
        before,
        asked.retired,
        i64::from(asked.limit) + 1,
    )
    .fetch_all(&mut *connection)
    .await?;
    let limit = asked.limit as usize;
    let has_more = rows.len() > limit;
    let plans = rows.into_iter().take(limit).map(|row| read(&row.plan));
    Ok(Page { plans: plans.collect::<Result<_, _>>()?, has_more })
}

pub(super) async fn find_plan(
    connection: &mut PgConnection,
    client: ClientId,
    code: &PlanCode,
) -> Result<Option<Plan>, StoreError> {
    let row = query_plans!(
        "SELECT ",
        r#"::text AS "plan!" FROM plans JOIN plan_versions USING (client_id, code, version)
           WHERE plans.client_id = $1 AND plans.code = $2"#,
        client.get(),
        code.as_str(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    row.map(|row| read(&row.plan)).transpose()
}

fn read(json: &str) -> Result<Plan, StoreError> {
    from_json::<VersionedPlanRow>(json)?.try_into()
}
