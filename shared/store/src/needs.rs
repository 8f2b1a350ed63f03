//! The needs of a batch as JSON, the argument of `load_all`.

use crate::StoreError;
use crate::tables::to_json;
use domain::{ClientId, ExternalId, JobId, Needs, PlanCode, SubscriptionId};
use serde::Serialize;

/// What is not needed is left out, so that nothing is looked up for it.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a need of its own")]
pub(crate) struct NeedsJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<ByEmail<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_ids: Vec<ByExternalId<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gifts: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<ByJob>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owners_of: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grants_of: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payments: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    methods: Vec<ById>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<ById>,
    /// Present if it is so, as the next two.
    #[serde(skip_serializing_if = "is_false")]
    money: bool,
    #[serde(skip_serializing_if = "is_false")]
    trials: bool,
    /// Whether terms and grants of what the users have are needed where a gift is worth something.
    #[serde(skip_serializing_if = "is_false")]
    beside_gifts: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans: Vec<ByCode<'a>>,
    /// Those of them that are to be locked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans_to_lock: Vec<ByCode<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms_of: Vec<ById>,
    #[serde(skip_serializing_if = "is_false")]
    moves_clocks: bool,
    #[serde(skip_serializing_if = "is_zero")]
    new_users: u32,
    #[serde(skip_serializing_if = "is_zero")]
    new_gifts: u32,
    #[serde(skip_serializing_if = "is_zero")]
    new_subscriptions: u32,
    #[serde(skip_serializing_if = "is_zero")]
    new_grants: u32,
    #[serde(skip_serializing_if = "is_zero")]
    new_payments: u32,
    #[serde(skip_serializing_if = "is_zero")]
    new_methods: u32,
    #[serde(skip_serializing_if = "is_zero")]
    new_refunds: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    new_grants_of: Vec<ById>,
}

#[derive(Serialize)]
struct ByCode<'a> {
    client_id: ClientId,
    code: &'a PlanCode,
}

#[derive(Serialize)]
struct ById {
    client_id: ClientId,
    id: i64,
}

#[derive(Serialize)]
struct ByEmail<'a> {
    client_id: ClientId,
    email: &'a str,
}

#[derive(Serialize)]
struct ByExternalId<'a> {
    client_id: ClientId,
    external_id: &'a ExternalId,
}

#[derive(Serialize)]
struct ByJob {
    client_id: ClientId,
    job_id: JobId,
}

impl<'a> NeedsJson<'a> {
    pub(crate) fn new(needs: &'a Needs, jobs: &[(ClientId, JobId)]) -> Self {
        let (emails, external_ids) = (needs.emails.iter(), needs.external_ids.iter());
        let jobs = jobs.iter();
        Self {
            users: by_id(needs.users.iter().map(|(client, id)| (*client, id.get()))),
            emails: emails.map(|(client, email)| ByEmail { client_id: *client, email }).collect(),
            external_ids: external_ids
                .map(|(client, external_id)| ByExternalId { client_id: *client, external_id })
                .collect(),
            gifts: by_id(needs.gifts.iter().map(|(client, id)| (*client, id.get()))),
            subscriptions: by_subscription(needs.subscriptions.union(&needs.owners_of)),
            owners_of: by_subscription(&needs.owners_of),
            grants_of: by_subscription(&needs.grants_of),
            payments: by_id(needs.payments.iter().map(|(client, id)| (*client, id.get()))),
            methods: by_id(needs.methods.iter().map(|(client, id)| (*client, id.get()))),
            refunds: by_id(needs.refunds.iter().map(|(client, id)| (*client, id.get()))),
            money: needs.money,
            trials: needs.trials,
            beside_gifts: needs.beside_gifts,
            plans: by_code(needs.plans.union(&needs.plans_to_lock)),
            plans_to_lock: by_code(&needs.plans_to_lock),
            terms_of: by_subscription(&needs.terms_of),
            moves_clocks: !needs.clocks_to_move.is_empty(),
            jobs: jobs.map(|(client, job)| ByJob { client_id: *client, job_id: *job }).collect(),
            new_users: needs.new_ids.users,
            new_gifts: needs.new_ids.gifts,
            new_subscriptions: needs.new_ids.subscriptions,
            new_grants: needs.new_ids.grants,
            new_payments: needs.new_ids.payments,
            new_methods: needs.new_ids.methods,
            new_refunds: needs.new_ids.refunds,
            new_grants_of: by_subscription(&needs.new_ids.grants_of),
        }
    }

    /// The same needs for who locks nothing.
    pub(crate) fn unlocked(self) -> Self {
        Self { plans_to_lock: Vec::new(), ..self }
    }

    /// The needs as a literal of SQL.
    pub(crate) fn literal(&self) -> Result<String, StoreError> {
        Ok(literal(&to_json(self)?))
    }
}

/// A literal of SQL with that JSON. A quote can only be inside a string of the JSON, which can be
/// written without it; so nothing ends the literal, whatever an email, a plan's code or an answer
/// contains. To Postgres a backslash is a letter like others (`standard_conforming_strings`).
pub(crate) fn literal(json: &str) -> String {
    format!("'{}'", json.replace('\'', "\\u0027"))
}

/// The clients whose clocks are needed.
pub(crate) fn clocks(needs: &Needs) -> Vec<i64> {
    needs.clocks.union(&needs.clocks_to_move).map(|client| client.get()).collect()
}

fn by_subscription<'a>(ids: impl IntoIterator<Item = &'a (ClientId, SubscriptionId)>) -> Vec<ById> {
    by_id(ids.into_iter().map(|(client, id)| (*client, id.get())))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn by_code<'a>(codes: impl IntoIterator<Item = &'a (ClientId, PlanCode)>) -> Vec<ByCode<'a>> {
    codes.into_iter().map(|(client, code)| ByCode { client_id: *client, code }).collect()
}

fn by_id(pairs: impl Iterator<Item = (ClientId, i64)>) -> Vec<ById> {
    pairs.map(|(client_id, id)| ById { client_id, id }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nothing ends the literal but its end, and its JSON says what it said before.
        #[test]
        fn a_literal_of_any_text_ends_at_its_end(text in ".{0,40}|[\\\\'\"u0027{}$;-]{0,40}") {
            let literal = literal(&to_json(&text).unwrap());
            let inside = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let inside = inside.unwrap_or_default();
            prop_assert!(!inside.contains('\''), "{}", literal);
            let read: String = serde_json::from_str(inside).unwrap();
            prop_assert_eq!(read, text);
        }
    }

    #[test]
    fn a_quote_in_an_email_does_not_end_the_literal() -> Result<(), StoreError> {
        let emails = [(ClientId::LOCAL, r#"o'neil"'\@a.org"#.to_owned())].into();
        let needs = Needs { emails, ..Needs::default() };
        let literal = NeedsJson::new(&needs, &[]).literal()?;
        let inside = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let inside = inside.unwrap_or_default();
        assert!(!inside.contains('\''), "{literal}");
        assert!(inside.contains(r#""email":"o\u0027neil\"\u0027\\@a.org""#), "{literal}");
        Ok(())
    }
}
