//! The table `payment_methods`. Which of his methods is the default stands in the row of the user.

use super::inconsistent;
use crate::StoreError;
use domain::{
    ClientId, Instant, MethodCard, MethodStatus, PaymentMethod, PaymentMethodId, Provider, UserId,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(crate) struct MethodRow<'a> {
    id: i64,
    client_id: i64,
    user_id: i64,
    provider: Cow<'a, str>,
    reference: Cow<'a, str>,
    customer: Option<Cow<'a, str>>,
    status: Cow<'a, str>,
    brand: Option<Cow<'a, str>>,
    last4: Option<Cow<'a, str>>,
    created_at: Instant,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_methods {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, user_id, provider, reference, customer, status, \
                      brand, last4, created_at" + $after, $($argument),+)
    };
}
pub(crate) use query_methods;

/// The first part of the statement of money, which writes new and changed methods: see
/// `moved_money.rs`.
macro_rules! write_methods {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            "WITH changed_methods AS (
                INSERT INTO payment_methods (id, client_id, user_id, provider, reference, customer,
                                             status, brand, last4, created_at)
                SELECT id, client_id, user_id, provider, reference, customer, status, brand, last4,
                       created_at
                FROM json_populate_recordset(NULL::payment_methods, $1::text::json)
                ON CONFLICT (client_id, id) DO UPDATE SET
                    reference = excluded.reference, customer = excluded.customer,
                    status = excluded.status, brand = excluded.brand, last4 = excluded.last4)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_methods;

impl<'a> TryFrom<&'a PaymentMethod> for MethodRow<'a> {
    type Error = StoreError;

    fn try_from(method: &'a PaymentMethod) -> Result<Self, StoreError> {
        let card = method.card.as_ref();
        Ok(Self {
            id: method.id.get(),
            client_id: method.client.get(),
            user_id: method.user.get(),
            provider: method.provider.as_str().into(),
            reference: method.reference.as_str().into(),
            customer: method.customer.as_deref().map(Into::into),
            status: method.status.as_str().into(),
            brand: card.map(|card| card.brand.as_str().into()),
            last4: card.map(|card| card.last4.as_str().into()),
            created_at: method.created_at,
        })
    }
}

impl TryFrom<MethodRow<'_>> for PaymentMethod {
    type Error = StoreError;

    fn try_from(row: MethodRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("payment_methods", column, row.id);
        let card = row.brand.zip(row.last4);
        Ok(Self {
            id: PaymentMethodId::new(row.id),
            client: ClientId::new(row.client_id),
            user: UserId::new(row.user_id),
            provider: Provider::parse(&row.provider).ok_or_else(|| unknown("provider"))?,
            status: MethodStatus::parse(&row.status).ok_or_else(|| unknown("status"))?,
            card: card.map(|(brand, last4)| MethodCard {
                brand: brand.into_owned(),
                last4: last4.into_owned(),
            }),
            created_at: row.created_at,
            reference: row.reference.into_owned(),
            customer: row.customer.map(Cow::into_owned),
        })
    }
}
