//! What tells whether a user is entitled.

use crate::connections::Lent;
use crate::tables::{
    SubscriptionRow, from_json, inconsistent, query_subscriptions, rows_from_json,
};
use crate::{Database, StoreError};
use domain::{ClientId, EntitlementBasis, GiftId, GrantSource, Instant, UserId};
use serde::Deserialize;
use sqlx::PgConnection;

/// The part of a plan that its holders are entitled to.
#[derive(Deserialize)]
struct Entitling {
    tier: String,
    features: Vec<String>,
}

#[derive(Deserialize)]
struct Granted {
    source: String,
    months: i32,
    gift_id: Option<i64>,
    reason: Option<String>,
}

/// The newest subscription of a user of that client with what it entitles to, and the time of the
/// client. The outer `None` says that there is no such user, the inner one that the user never had
/// a subscription.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn entitlement(
    database: &Database,
    client: ClientId,
    user: UserId,
) -> Result<Option<(Option<EntitlementBasis>, Instant)>, StoreError> {
    let look = |mut connection: Lent| async move { find(&mut connection, client, user).await };
    database.read(look).await
}

async fn find(
    connection: &mut PgConnection,
    client: ClientId,
    user: UserId,
) -> Result<Option<(Option<EntitlementBasis>, Instant)>, StoreError> {
    let found = query_subscriptions!(
        r#"SELECT coalesce((SELECT test_clocks.now FROM test_clocks
                            WHERE test_clocks.client_id = owner.client_id), now()) AS "now!",
               to_json(newest)::text AS subscription,
               (SELECT json_build_object('tier', plans.tier, 'features', plans.features)::text
                FROM plans
                WHERE plans.client_id = newest.client_id AND plans.code = newest.plan) AS plan,
               (SELECT json_agg(json_build_object('source', grants.source, 'months', grants.months,
                                                  'gift_id', grants.gift_id,
                                                  'reason', grants.reason) ORDER BY grants.id)
                FROM grants WHERE grants.client_id = newest.client_id
                              AND grants.subscription_id = newest.id)::text AS grants
           FROM users AS owner LEFT JOIN LATERAL (SELECT "#,
        r#" FROM subscriptions
            WHERE subscriptions.client_id = owner.client_id AND subscriptions.user_id = owner.id
            ORDER BY subscriptions.id DESC LIMIT 1) AS newest ON true
           WHERE owner.client_id = $1 AND owner.id = $2"#,
        client.get(),
        user.get(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let Some(subscription) = found.subscription else { return Ok(Some((None, found.now))) };
    let subscription = from_json::<SubscriptionRow<'_>>(&subscription)?.try_into()?;
    let plan: Option<Entitling> = found.plan.as_deref().map(from_json).transpose()?;
    let (tier, features) = plan.map(|plan| (plan.tier, plan.features)).unzip();
    let granted: Vec<Granted> = rows_from_json(found.grants.as_deref())?;
    let grants = granted.iter().map(|grant| read_grant(grant, user)).collect::<Result<_, _>>()?;
    let features = features.unwrap_or_default();
    Ok(Some((Some(EntitlementBasis { subscription, tier, features, grants }), found.now)))
}

fn read_grant(grant: &Granted, user: UserId) -> Result<(GrantSource, u32), StoreError> {
    let unknown = |column| inconsistent("grants", column, user);
    let source = GrantSource::from_parts(
        &grant.source,
        grant.gift_id.map(GiftId::new),
        grant.reason.as_deref(),
    );
    let months = grant.months.try_into().map_err(|_| unknown("months"))?;
    Ok((source.ok_or_else(|| unknown("source"))?, months))
}
