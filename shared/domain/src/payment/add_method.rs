//! `add_payment_method`: sets up a payment method of a user.

use crate::decide::{Decider, OpenRules, Ruled};
use crate::read_if::read_if;
use crate::{
    Change, ClientId, Effect, EffectTask, ExternalId, MethodStatus, Needs, NewIds, PaymentMethod,
    Refusal, SetUpMethod, UserId, UserRef,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Sets up a payment method of a user. The first one is the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AddMethod {
    /// The user whose method it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub user_id: Option<UserId>,
    /// The external id of that user, in the place of `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub external_id: Option<ExternalId>,
    /// The token by which the provider handed the method over.
    #[serde(deserialize_with = "crate::bounded::printable::<255, _>")]
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "sim_ok"
    )]
    pub token: String,
}

read_if!(AddMethod, |command| command.user().is_one(), "must name one user, in one way");

impl AddMethod {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.user_id, external_id: self.external_id.as_ref() }
    }
}

impl OpenRules for AddMethod {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.user().needs(client, needs);
        needs.money = true;
        needs.new_ids.methods += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let (id, context) = (new_ids.method(), decider.context);
        let user = decider.user(self.user()).ok_or(Refusal::UserNotFound)?;
        let provider = context.provider.ok_or(Refusal::PaymentMethodsDisabled)?;
        let (client, token) = (user.client, self.token.clone());
        let known = decider.default_method(user).filter(|known| known.provider == provider);
        let customer = known.and_then(|known| known.customer.clone());
        let method = PaymentMethod {
            id,
            client,
            user: user.id,
            provider,
            reference: token.clone(),
            customer: None,
            status: MethodStatus::Pending,
            card: None,
            created_at: context.now,
        };
        let (user, first_sent) = (user.id, None);
        let task = SetUpMethod { method: id, user, provider, token, customer, first_sent };
        let effect = Effect::new(context, EffectTask::SetUpMethod(task), 0);
        let changes = vec![Change::Method(method)];
        Ok(Ruled { changes, effects: vec![effect], success: None })
    }
}
