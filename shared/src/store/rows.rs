//! Rows as the macros read them, and as the domain knows them.

use super::StoreError;
use crate::domain::{
    ClientId, Email, Gift, GiftId, GiftStatus, Instant, Subscription, SubscriptionId,
    SubscriptionStatus, User, UserId,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct UserRow {
    pub(super) id: i64,
    pub(super) client_id: i64,
    pub(super) email: String,
    pub(super) created_at: Instant,
}

#[derive(Deserialize)]
pub(super) struct SubscriptionRow {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) client_id: i64,
    pub(super) plan: String,
    pub(super) status: String,
    pub(super) months: i32,
    pub(super) start_date: Instant,
    pub(super) end_date: Instant,
    pub(super) cancelled_at: Option<Instant>,
    pub(super) created_at: Instant,
    pub(super) updated_at: Instant,
}

#[derive(Deserialize)]
pub(super) struct GiftRow {
    pub(super) id: i64,
    pub(super) gifter_id: i64,
    pub(super) client_id: i64,
    pub(super) recipient_email: String,
    pub(super) recipient_id: Option<i64>,
    pub(super) status: String,
    pub(super) months: i32,
    pub(super) expires_at: Instant,
    pub(super) redeemed_at: Option<Instant>,
    pub(super) created_at: Instant,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let unknown = |column| StoreError::Inconsistent { table: "users", column, id: row.id };
        Ok(Self {
            id: UserId(row.id),
            client: ClientId(row.client_id),
            email: Email::parse(&row.email).map_err(|_| unknown("email"))?,
            created_at: row.created_at,
        })
    }
}

impl TryFrom<SubscriptionRow> for Subscription {
    type Error = StoreError;

    fn try_from(row: SubscriptionRow) -> Result<Self, StoreError> {
        let id = row.id;
        let unknown = |column| StoreError::Inconsistent { table: "subscriptions", column, id };
        Ok(Self {
            id: SubscriptionId(id),
            user: UserId(row.user_id),
            client: ClientId(row.client_id),
            status: SubscriptionStatus::parse(&row.status).ok_or_else(|| unknown("status"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            plan: row.plan,
            start_date: row.start_date,
            end_date: row.end_date,
            cancelled_at: row.cancelled_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl TryFrom<GiftRow> for Gift {
    type Error = StoreError;

    fn try_from(row: GiftRow) -> Result<Self, StoreError> {
        let unknown = |column| StoreError::Inconsistent { table: "gifts", column, id: row.id };
        Ok(Self {
            id: GiftId(row.id),
            gifter: UserId(row.gifter_id),
            client: ClientId(row.client_id),
            recipient_email: Email::parse(&row.recipient_email)
                .map_err(|_| unknown("recipient_email"))?,
            recipient: row.recipient_id.map(UserId),
            status: GiftStatus::parse(&row.status).ok_or_else(|| unknown("status"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            expires_at: row.expires_at,
            redeemed_at: row.redeemed_at,
            created_at: row.created_at,
        })
    }
}
