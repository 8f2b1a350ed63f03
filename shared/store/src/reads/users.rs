//! Pages of the users of a client.

use crate::connections::Lent;
use crate::reads::page::cut;
use crate::tables::{UserRow, query_users};
use crate::{Database, StoreError};
use domain::{ClientId, Email, ExternalId, User, UserId};
use sqlx::PgConnection;

/// A request for a page of users: the newest `limit` ones of that client that are older than
/// `before`, and that have the external id and the email, if these are given.
#[derive(Debug, Clone)]
pub struct PageOfUsers {
    /// The client that sent the request.
    pub client: ClientId,
    /// The external id that is looked for.
    pub external_id: Option<ExternalId>,
    /// The email that is looked for.
    pub email: Option<Email>,
    /// The last user of the page before, if there is one.
    pub before: Option<UserId>,
    /// The most users of the page.
    pub limit: u32,
}

/// A page of users.
#[derive(Debug)]
pub struct UserPage {
    /// The users, newest first.
    pub users: Vec<User>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A page of users.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn users(database: &Database, asked: &PageOfUsers) -> Result<UserPage, StoreError> {
    let look = |mut connection: Lent| async move {
        let before = asked.before.map_or(i64::MAX, UserId::get);
        let rows = match asked {
            PageOfUsers { external_id: Some(id), email, .. } => {
                by_external_id(&mut connection, asked.client, id, email.as_ref(), before).await
            }
            PageOfUsers { email: Some(email), .. } => {
                by_email(&mut connection, asked.client, email, before).await
            }
            _ => newest(&mut connection, asked.client, before, asked.limit).await,
        };
        let (users, has_more) = cut::<UserRow<'_>, _>(rows?.as_deref(), asked.limit as usize)?;
        Ok(UserPage { users, has_more })
    };
    database.read(look).await
}

async fn newest(
    connection: &mut PgConnection,
    client: ClientId,
    before: i64,
    limit: u32,
) -> Result<Option<String>, sqlx::Error> {
    let page = query_users!(
        "SELECT json_agg(page)::text AS page FROM (SELECT ",
        " FROM users WHERE client_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS page",
        client.get(),
        before,
        i64::from(limit) + 1,
    );
    Ok(page.fetch_one(connection).await?.page)
}

/// There is one at most. The two are tried each by itself, because one statement for any filter
/// would have a plan that reads all users of the client.
async fn by_external_id(
    connection: &mut PgConnection,
    client: ClientId,
    id: &ExternalId,
    email: Option<&Email>,
    before: i64,
) -> Result<Option<String>, sqlx::Error> {
    let page = query_users!(
        "SELECT json_agg(page)::text AS page FROM (SELECT ",
        r#" FROM users WHERE client_id = $1 AND external_id = $2 AND id < $3
             AND ($4::text IS NULL OR lower(email COLLATE "C") = $4 COLLATE "C")
             LIMIT 1) AS page"#,
        client.get(),
        id.as_str(),
        before,
        email.map(Email::key),
    );
    Ok(page.fetch_one(connection).await?.page)
}

async fn by_email(
    connection: &mut PgConnection,
    client: ClientId,
    email: &Email,
    before: i64,
) -> Result<Option<String>, sqlx::Error> {
    let page = query_users!(
        "SELECT json_agg(page)::text AS page FROM (SELECT ",
        r#" FROM users WHERE client_id = $1 AND lower(email COLLATE "C") = $2 COLLATE "C"
             AND id < $3 LIMIT 1) AS page"#,
        client.get(),
        email.key(),
        before,
    );
    Ok(page.fetch_one(connection).await?.page)
}
