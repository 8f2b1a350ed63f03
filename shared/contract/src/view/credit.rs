//! The credit of users as clients see it.

use domain::{Currency, User};
use serde::Serialize;
use utoipa::ToSchema;

/// What a user has to his credit. What a payment that is in progress has reserved is not in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreditView {
    balances: Vec<CreditBalance>,
}

/// The credit in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreditBalance {
    #[schema(inline)]
    currency: Currency,
    /// The amount, in the smallest unit of the currency. It is never 0.
    #[schema(example = 500, minimum = 1)]
    amount: u64,
}

impl From<&User> for CreditView {
    fn from(user: &User) -> Self {
        let balance = user.currency.map(|currency| CreditBalance { currency, amount: user.credit });
        Self { balances: balance.into_iter().filter(|balance| balance.amount > 0).collect() }
    }
}
