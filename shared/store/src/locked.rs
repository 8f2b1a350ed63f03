//! Tells which rows others have locked.

use crate::connections::Lent;
use crate::needs::{NeedsJson, clocks};
use crate::tables::{from_json, to_json};
use crate::{Database, StoreError};
use domain::{
    ClientId, ExternalId, GiftId, Needs, PaymentId, PaymentMethodId, PlanCode, SubscriptionId,
    UserId,
};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, query_file_scalar, raw_sql};
use std::collections::BTreeSet;

/// Those of `needs` that cannot be locked now, because another transaction has locked them, or the
/// user or the subscription that is locked together with them. It waits for nobody, and a new row
/// that another transaction has not committed is not seen.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn among(database: &Database, needs: &Needs) -> Result<Needs, StoreError> {
    let (needs, clocks) = (to_json(&NeedsJson::new(needs, &[]))?, clocks(needs));
    let (needs, clocks) = (needs.as_str(), &clocks);
    let look = |mut connection: Lent| async move {
        raw_sql(AssertSqlSafe(database.begin())).execute(&mut *connection).await?;
        let locked = query_file_scalar!("src/locked.sql", needs, clocks);
        let locked = locked.fetch_one(&mut *connection).await;
        // Nothing is to be written, nor waited for: a COMMIT waits for the disk and for standbys.
        raw_sql("ROLLBACK").execute(&mut *connection).await?;
        Ok(locked?)
    };
    let locked = database.read(look).await?;
    from_json::<Locked>(&locked).map(Needs::from)
}

type Rows<T> = Option<BTreeSet<(ClientId, T)>>;

/// The JSON that the statement returns.
#[derive(Deserialize)]
struct Locked {
    clocks: Option<BTreeSet<ClientId>>,
    users: Rows<UserId>,
    emails: Rows<String>,
    external_ids: Rows<ExternalId>,
    subscriptions: Rows<SubscriptionId>,
    gifts: Rows<GiftId>,
    plans: Rows<PlanCode>,
    payments: Rows<PaymentId>,
    methods: Rows<PaymentMethodId>,
}

impl From<Locked> for Needs {
    fn from(locked: Locked) -> Self {
        Self {
            clocks: locked.clocks.unwrap_or_default(),
            users: locked.users.unwrap_or_default(),
            emails: locked.emails.unwrap_or_default(),
            external_ids: locked.external_ids.unwrap_or_default(),
            subscriptions: locked.subscriptions.unwrap_or_default(),
            gifts: locked.gifts.unwrap_or_default(),
            plans_to_lock: locked.plans.unwrap_or_default(),
            payments: locked.payments.unwrap_or_default(),
            methods: locked.methods.unwrap_or_default(),
            ..Self::default()
        }
    }
}
