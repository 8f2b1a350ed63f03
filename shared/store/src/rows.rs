//! The types of rows that the query macros return, and their conversion to types of the domain.

use crate::StoreError;
use domain::{
    ClientId, Email, Gift, GiftId, GiftState, GiftStatus, Instant, Subscription, SubscriptionId,
    SubscriptionState, SubscriptionStatus, User, UserId,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct UserRow {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) email: String,
    pub(crate) created_at: Instant,
}

#[derive(Deserialize)]
pub(crate) struct SubscriptionRow {
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) client_id: i64,
    pub(crate) plan: String,
    pub(crate) status: String,
    pub(crate) months: i32,
    pub(crate) start_date: Instant,
    pub(crate) end_date: Instant,
    pub(crate) cancelled_at: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

#[derive(Deserialize)]
pub(crate) struct GiftRow {
    pub(crate) id: i64,
    pub(crate) gifter_id: i64,
    pub(crate) client_id: i64,
    pub(crate) recipient_email: String,
    pub(crate) recipient_id: Option<i64>,
    pub(crate) status: String,
    pub(crate) months: i32,
    pub(crate) expires_at: Instant,
    pub(crate) redeemed_at: Option<Instant>,
    pub(crate) created_at: Instant,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("users", column, row.id);
        Ok(Self {
            id: UserId::new(row.id),
            client: ClientId::new(row.client_id),
            email: Email::parse(&row.email).map_err(|_| unknown("email"))?,
            created_at: row.created_at,
        })
    }
}

impl TryFrom<SubscriptionRow> for Subscription {
    type Error = StoreError;

    fn try_from(row: SubscriptionRow) -> Result<Self, StoreError> {
        let id = row.id;
        let unknown = |column| inconsistent("subscriptions", column, id);
        let status = SubscriptionStatus::parse(&row.status).ok_or_else(|| unknown("status"))?;
        Ok(Self {
            id: SubscriptionId::new(id),
            user: UserId::new(row.user_id),
            client: ClientId::new(row.client_id),
            state: SubscriptionState::from_parts(status, row.cancelled_at)
                .ok_or_else(|| unknown("status"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            plan: row.plan,
            start_date: row.start_date,
            end_date: row.end_date,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl TryFrom<GiftRow> for Gift {
    type Error = StoreError;

    fn try_from(row: GiftRow) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("gifts", column, row.id);
        let status = GiftStatus::parse(&row.status).ok_or_else(|| unknown("status"))?;
        let recipient = row.recipient_id.map(UserId::new);
        Ok(Self {
            id: GiftId::new(row.id),
            gifter: UserId::new(row.gifter_id),
            client: ClientId::new(row.client_id),
            recipient_email: Email::parse(&row.recipient_email)
                .map_err(|_| unknown("recipient_email"))?,
            state: GiftState::from_parts(status, recipient, row.redeemed_at)
                .ok_or_else(|| unknown("status"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    }
}

fn inconsistent(table: &'static str, column: &'static str, id: i64) -> StoreError {
    StoreError::Inconsistent { table, column, row: id.to_string() }
}
