//! The statements that write a batch: one after the other, or all of them and the commit in one
//! round trip.

use crate::StoreError;
use crate::connections::InUse;
use crate::needs::literal;
use crate::tables::to_json;
use serde::Serialize;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, SqlStr, raw_sql};

/// A statement whose parameters are JSON.
pub(crate) struct Statement {
    /// What a session calls it that has prepared it.
    pub(crate) name: &'static str,
    /// Its text.
    pub(crate) text: fn() -> SqlStr,
    /// Its parameters.
    pub(crate) parameters: Vec<String>,
}

impl Statement {
    /// A statement whose only parameter is these rows; none if there are none.
    pub(crate) fn of_rows<Row: Serialize>(
        name: &'static str,
        text: fn() -> SqlStr,
        rows: &[Row],
    ) -> Result<Option<Self>, StoreError> {
        if rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { name, text, parameters: vec![to_json(rows)?] }))
    }

    /// Its call by a session that has prepared it. A call that is sent beside others cannot have
    /// parameters, so it has literals.
    fn call(&self) -> String {
        let literals: Vec<String> = self.parameters.iter().map(|text| literal(text)).collect();
        format!("EXECUTE {} ({}); ", self.name, literals.join(", "))
    }

    /// What prepares it.
    fn preparation(&self) -> String {
        format!("PREPARE {} AS {}; ", self.name, (self.text)().as_str())
    }

    fn query(&self) -> Query<'_, Postgres, PgArguments> {
        self.parameters.iter().fold(sqlx::query((self.text)()), Query::bind)
    }
}

/// Runs the statements and commits, in one round trip, and returns their rows. The session prepares
/// what it has not prepared yet. After a statement that fails Postgres passes over the rest, so
/// that it does not commit, and the session is closed.
pub(crate) async fn run_at_once(
    used: &mut InUse,
    statements: &[Statement],
) -> Result<Vec<PgRow>, StoreError> {
    let mut text = String::new();
    for statement in statements {
        if !used.prepared.contains(&statement.name) {
            text += &statement.preparation();
            used.prepared.push(statement.name);
        }
        text += &statement.call();
    }
    text += "COMMIT";
    Ok(raw_sql(AssertSqlSafe(text)).fetch_all(&mut used.connection).await?)
}

/// The same for a session that keeps no statement from one transaction to the next.
pub(crate) async fn run_by_turns(
    used: &mut InUse,
    statements: &[Statement],
) -> Result<Vec<PgRow>, StoreError> {
    let mut rows = Vec::new();
    for statement in statements {
        rows.extend(statement.query().fetch_all(&mut used.connection).await?);
    }
    raw_sql("COMMIT").execute(&mut used.connection).await?;
    Ok(rows)
}
