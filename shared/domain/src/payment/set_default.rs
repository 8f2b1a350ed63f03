//! `set_default_payment_method`: the payment method that is charged.

use crate::decide::{Decider, OpenRules, Ruled};
use crate::{
    ClientId, Entity, MethodStatus, Needs, NewIds, PaymentMethod, PaymentMethodId, Refusal,
    Success, User, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes a payment method the one that is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetDefaultMethod {
    /// The payment method.
    pub payment_method_id: PaymentMethodId,
}

impl Decider<'_> {
    /// The method of that id, with its user; a refusal unless it can be charged.
    pub(super) fn attached_method(
        &self,
        id: PaymentMethodId,
    ) -> Result<(&PaymentMethod, &User), Refusal> {
        let (client, working_set) = (self.context.client, self.working_set);
        let method = working_set.method(client, id);
        let method = method.filter(|method| method.status == MethodStatus::Attached);
        let method = method.ok_or(Refusal::PaymentMethodNotFound)?;
        let user = working_set.user(client, method.user).ok_or(Refusal::UserNotFound)?;
        Ok((method, user))
    }
}

impl OpenRules for SetDefaultMethod {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.methods.insert((client, self.payment_method_id));
        needs.money = true;
        needs.new_ids.payments += 1;
        needs.new_ids.grants += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.working_set.method(decider.context.client, self.payment_method_id)?.user)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let (method, user) = decider.attached_method(self.payment_method_id)?;
        let entity = Entity::Method { method: method.clone(), is_default: true };
        let (changes, effects) = if user.default_method == Some(method.id) {
            (Vec::new(), Vec::new())
        } else {
            decider.with_default(user, method, new_ids)
        };
        Ok(Ruled { changes, effects, success: Some(Success::Changed(entity)) })
    }
}
