//! `POST /gift/redeem`

use crate::extract::Fields;
use domain::{Command, GiftId, Redeem, UserId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    let gift_id = fields.id("gift_id");
    let user_id = fields.id("user_id");
    Some(Command::from(Redeem { gift_id: GiftId::new(gift_id?), user_id: UserId::new(user_id?) }))
}
