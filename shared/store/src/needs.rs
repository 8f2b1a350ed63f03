//! The needs of a batch as JSON, the argument of `load_batch`.

use crate::StoreError;
use crate::tables::to_json;
use domain::{ClientId, ExternalId, JobId, Needs, PlanCode};
use serde::Serialize;

/// What is not needed is left out, so that nothing is looked up for it.
#[derive(Serialize)]
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
    new_users: u32,
    new_gifts: u32,
    new_subscriptions: u32,
}

/// The plans that a batch needs, the argument of `load_plans`.
#[derive(Serialize)]
pub(crate) struct PlanNeedsJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans: Vec<ByCode<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms_of: Vec<ById>,
}

#[derive(Serialize)]
struct ByCode<'a> {
    client_id: ClientId,
    code: &'a str,
    lock: bool,
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
            subscriptions: by_id(
                needs.subscriptions.iter().map(|(client, id)| (*client, id.get())),
            ),
            jobs: jobs.map(|(client, job)| ByJob { client_id: *client, job_id: *job }).collect(),
            new_users: needs.new_ids.users,
            new_gifts: needs.new_ids.gifts,
            new_subscriptions: needs.new_ids.subscriptions,
        }
    }

    /// The needs as a literal of SQL.
    pub(crate) fn literal(&self) -> Result<String, StoreError> {
        literal(self)
    }
}

impl<'a> PlanNeedsJson<'a> {
    /// `None` if there are none, so that a batch that names no plan does not pay for them.
    pub(crate) fn new(needs: &'a Needs) -> Option<Self> {
        let Needs { plans, plans_to_lock, terms_of, .. } = needs;
        let by_code = |(client, code): &'a (ClientId, PlanCode)| {
            let lock = plans_to_lock.contains(&(*client, code.clone()));
            ByCode { client_id: *client, code: code.as_str(), lock }
        };
        let plans: Vec<ByCode<'a>> = plans.union(plans_to_lock).map(by_code).collect();
        let terms_of = by_id(terms_of.iter().map(|(client, id)| (*client, id.get())));
        (!plans.is_empty() || !terms_of.is_empty()).then_some(Self { plans, terms_of })
    }

    /// The needs as a literal of SQL.
    pub(crate) fn literal(&self) -> Result<String, StoreError> {
        literal(self)
    }
}

/// A literal of SQL. A quote can only be inside a string of the JSON, which can be written without
/// it; so nothing ends the literal, whatever an email, an external id or the code of a plan
/// contains.
fn literal(needs: &impl Serialize) -> Result<String, StoreError> {
    Ok(format!("'{}'::json", to_json(needs)?.replace('\'', "\\u0027")))
}

/// The clients whose clocks are needed.
pub(crate) fn clocks(needs: &Needs) -> Vec<i64> {
    needs.clocks.union(&needs.clocks_to_move).map(|client| client.get()).collect()
}

fn by_id(pairs: impl Iterator<Item = (ClientId, i64)>) -> Vec<ById> {
    pairs.map(|(client_id, id)| ById { client_id, id }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_an_email_does_not_end_the_literal() -> Result<(), StoreError> {
        let emails = [(ClientId::LOCAL, r#"o'neil"'\@a.org"#.to_owned())].into();
        let needs = Needs { emails, ..Needs::default() };
        let literal = NeedsJson::new(&needs, &[]).literal()?;
        let inside = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix("'::json"));
        let inside = inside.unwrap_or_default();
        assert!(!inside.contains('\''), "{literal}");
        assert!(inside.contains(r#""email":"o\u0027neil\"\u0027\\@a.org""#), "{literal}");
        Ok(())
    }
}
