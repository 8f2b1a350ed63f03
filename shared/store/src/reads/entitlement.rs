//! What tells whether a user is entitled.

use crate::connections::Lent;
use crate::tables::{
    SubscriptionRow, from_json, inconsistent, query_subscriptions, rows_from_json,
};
use crate::{Database, StoreError};
use domain::{ClientId, EntitlementBasis, GiftId, GrantSource, Instant, Slice, UserId};
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
    gift_id: Option<i64>,
    reason: Option<String>,
    slice_start: Option<Instant>,
    slice_end: Option<Instant>,
}

/// The subscription of a user of that client that is live, or began last, or that never began, and
/// those that wait behind it, with what they entitle to, and the time of the client. `None`
/// if there is no such user; none of them if the user never had a subscription.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn entitlement(
    database: &Database,
    client: ClientId,
    user: UserId,
) -> Result<Option<(Vec<EntitlementBasis>, Instant)>, StoreError> {
    let look = |mut connection: Lent| async move { find(&mut connection, client, user).await };
    database.read(look).await
}

async fn find(
    connection: &mut PgConnection,
    client: ClientId,
    user: UserId,
) -> Result<Option<(Vec<EntitlementBasis>, Instant)>, StoreError> {
    // The one that is live, else the one that began last, else the newest of those that never
    // began. One that waited may have a smaller id than what it waited behind, and one that was
    // imported began elsewhere, but is here since it was made.
    let rows = query_subscriptions!(
        r#"SELECT coalesce((SELECT test_clocks.now FROM test_clocks
                            WHERE test_clocks.client_id = owner.client_id), now()) AS "now!",
               to_json(subscription)::text AS subscription,
               (SELECT json_build_object('tier', plans.tier, 'features', plans.features)::text
                FROM plans
                WHERE plans.client_id = subscription.client_id
                  AND plans.code = subscription.plan) AS plan,
               owner.default_method IS NOT NULL AS "has_method!",
               (SELECT plan_versions.amount FROM plan_versions
                WHERE plan_versions.client_id = subscription.client_id
                  AND plan_versions.code = coalesce(subscription.next_plan, subscription.plan)
                  AND plan_versions.version
                      = coalesce(subscription.next_plan_version, subscription.plan_version))
                   AS price,
               (SELECT json_agg(json_build_object(
                           'source', given.source, 'gift_id', given.gift_id,
                           'reason', given.reason, 'slice_start', given.slice_start,
                           'slice_end', given.slice_end) ORDER BY given.id)
                FROM grants_of(subscription.client_id, subscription.id) AS given)::text AS grants
           FROM users AS owner
               LEFT JOIN LATERAL (
                   (SELECT id FROM subscriptions
                    WHERE subscriptions.client_id = owner.client_id
                      AND subscriptions.user_id = owner.id AND status <> 'scheduled'
                    ORDER BY status IN ('trialing', 'active', 'past_due', 'paused') DESC,
                             start_date < end_date DESC,
                             greatest(start_date, created_at) DESC, subscriptions.id DESC
                    LIMIT 1)
                   UNION ALL
                   (SELECT id FROM subscriptions
                    WHERE subscriptions.client_id = owner.client_id
                      AND subscriptions.user_id = owner.id AND status = 'scheduled'
                    ORDER BY subscriptions.id)) AS wanted ON true
               LEFT JOIN LATERAL (SELECT "#,
        r#" FROM subscriptions
                   WHERE subscriptions.client_id = owner.client_id AND subscriptions.id = wanted.id
                   LIMIT 1) AS subscription ON true
           WHERE owner.client_id = $1 AND owner.id = $2"#,
        client.get(),
        user.get(),
    )
    .fetch_all(&mut *connection)
    .await?;
    let Some(now) = rows.first().map(|first| first.now) else { return Ok(None) };
    let mut bases = Vec::new();
    for row in &rows {
        let Some(subscription) = &row.subscription else { continue };
        let subscription = from_json::<SubscriptionRow<'_>>(subscription)?.try_into()?;
        let plan: Option<Entitling> = row.plan.as_deref().map(from_json).transpose()?;
        let (tier, features) = plan.map(|plan| (plan.tier, plan.features)).unzip();
        let granted: Vec<Granted> = rows_from_json(row.grants.as_deref())?;
        let grants = granted.iter().map(|grant| read_grant(grant, user));
        let (grants, features) = (grants.collect::<Result<_, _>>()?, features.unwrap_or_default());
        let price = row.price.unwrap_or_default().try_into();
        bases.push(EntitlementBasis {
            subscription,
            tier,
            features,
            grants,
            price: price.map_err(|_| inconsistent("plan_versions", "amount", user))?,
            has_method: row.has_method,
        });
    }
    Ok(Some((bases, now)))
}

fn read_grant(grant: &Granted, user: UserId) -> Result<(GrantSource, Option<Slice>), StoreError> {
    let unknown = |column| inconsistent("grants", column, user);
    let source = GrantSource::from_parts(
        &grant.source,
        grant.gift_id.map(GiftId::new),
        grant.reason.as_deref(),
    );
    let slice = grant.slice_start.zip(grant.slice_end).map(|(start, end)| Slice { start, end });
    Ok((source.ok_or_else(|| unknown("source"))?, slice))
}
