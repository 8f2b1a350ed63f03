//! The table `users`.

use super::{currency, fit, inconsistent};
use crate::StoreError;
use domain::{ClientId, Email, ExternalId, Instant, Metadata, PaymentMethodId, User, UserId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(crate) struct UserRow<'a> {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) email: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<Cow<'a, str>>,
    pub(crate) metadata: Cow<'a, Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<Cow<'a, str>>,
    pub(crate) credit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_method: Option<i64>,
    pub(crate) created_at: Instant,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_users {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, email, external_id, metadata, currency, credit, \
                      default_method, created_at" + $after, $($argument),+)
    };
}
pub(crate) use query_users;

/// The parts of the statement of a batch that write new users and changed ones: see `changes.rs`.
/// An external id never changes.
macro_rules! write_users {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            "WITH changed_users AS (
                UPDATE users SET email = written.email, metadata = written.metadata,
                    currency = written.currency, credit = written.credit,
                    default_method = written.default_method
                FROM json_populate_recordset(NULL::users, $6::text::json) AS written
                WHERE users.client_id = written.client_id AND users.id = written.id),
            new_users AS (
                INSERT INTO users (id, client_id, email, external_id, metadata, currency, credit,
                                   default_method, created_at)
                SELECT id, client_id, email, external_id, metadata, currency, credit,
                       default_method, created_at
                FROM json_populate_recordset(NULL::users, $1::text::json))"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_users;

impl<'a> TryFrom<&'a User> for UserRow<'a> {
    type Error = StoreError;

    fn try_from(user: &'a User) -> Result<Self, StoreError> {
        Ok(Self {
            id: user.id.get(),
            client_id: user.client.get(),
            email: user.email.as_str().into(),
            external_id: user.external_id.as_ref().map(|id| id.as_str().into()),
            metadata: Cow::Borrowed(&user.metadata),
            currency: user.currency.map(|currency| currency.as_str().into()),
            credit: fit(user.credit, "users", "credit")?,
            default_method: user.default_method.map(PaymentMethodId::get),
            created_at: user.created_at,
        })
    }
}

impl TryFrom<UserRow<'_>> for User {
    type Error = StoreError;

    fn try_from(row: UserRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("users", column, row.id);
        let external_id = row.external_id.map(|id| ExternalId::parse(&id)).transpose();
        Ok(Self {
            id: UserId::new(row.id),
            client: ClientId::new(row.client_id),
            email: Email::parse(&row.email).map_err(|_| unknown("email"))?,
            external_id: external_id.map_err(|_| unknown("external_id"))?,
            metadata: row.metadata.into_owned(),
            currency: currency(row.currency.as_deref()).map_err(|_| unknown("currency"))?,
            credit: row.credit.try_into().map_err(|_| unknown("credit"))?,
            default_method: row.default_method.map(PaymentMethodId::new),
            created_at: row.created_at,
        })
    }
}
