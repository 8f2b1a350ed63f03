//! What a start wants to know about Postgres. What is wrong with it is judged by others.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::Instant;

/// What each program does with tables, and with the sequences of ids.
const API_NEEDS: &[(&str, &str)] = &[
    ("clients", "SELECT"),
    // Postgres lets only those lock a row who may change it.
    ("clients", "UPDATE"),
    ("test_clocks", "SELECT"),
    ("api_keys", "SELECT"),
    ("job_keys", "SELECT"),
    ("users", "SELECT"),
    ("subscriptions", "SELECT"),
    ("gifts", "SELECT"),
    ("grants", "SELECT"),
    ("transactions", "SELECT"),
    ("accepted_jobs", "SELECT"),
    ("accepted_jobs", "INSERT"),
    ("accepted_jobs", "UPDATE"),
    ("plans", "SELECT"),
    ("plans", "INSERT"),
    ("plans", "UPDATE"),
    ("plan_versions", "SELECT"),
    ("plan_versions", "INSERT"),
    ("plans_id_seq", "USAGE"),
    ("audit", "INSERT"),
    ("payments", "SELECT"),
    ("payment_methods", "SELECT"),
    ("refunds", "SELECT"),
    ("ledger", "SELECT"),
    ("ledger_places", "SELECT"),
    ("ledger_closings", "SELECT"),
    ("used_trials", "SELECT"),
    ("trial_email_key", "SELECT"),
    ("provider_inbox", "SELECT"),
    ("provider_inbox", "INSERT"),
    ("simulated_charges", "SELECT"),
    ("simulated_charges", "UPDATE"),
];
const WORKER_NEEDS: &[(&str, &str)] = &[
    ("clients", "SELECT"),
    ("test_clocks", "SELECT"),
    // As above.
    ("test_clocks", "UPDATE"),
    ("job_keys", "SELECT"),
    ("users", "SELECT"),
    ("users", "INSERT"),
    ("users", "UPDATE"),
    ("subscriptions", "SELECT"),
    ("subscriptions", "INSERT"),
    ("subscriptions", "UPDATE"),
    ("gifts", "SELECT"),
    ("gifts", "INSERT"),
    ("gifts", "UPDATE"),
    ("grants", "SELECT"),
    ("grants", "INSERT"),
    ("grants", "UPDATE"),
    ("payments", "SELECT"),
    ("payments", "INSERT"),
    ("payments", "UPDATE"),
    ("payment_methods", "SELECT"),
    ("payment_methods", "INSERT"),
    ("payment_methods", "UPDATE"),
    ("refunds", "SELECT"),
    ("refunds", "INSERT"),
    ("refunds", "UPDATE"),
    ("ledger", "SELECT"),
    ("ledger", "INSERT"),
    ("ledger_places", "SELECT"),
    ("ledger_places", "INSERT"),
    ("ledger_places", "UPDATE"),
    ("ledger_closings", "SELECT"),
    ("ledger_closings", "INSERT"),
    ("ledger_closings", "UPDATE"),
    ("ledger_closings", "DELETE"),
    ("used_trials", "SELECT"),
    ("used_trials", "INSERT"),
    ("trial_email_key", "SELECT"),
    ("provider_inbox", "SELECT"),
    ("provider_inbox", "UPDATE"),
    ("provider_inbox", "DELETE"),
    ("simulated_charges", "SELECT"),
    ("simulated_charges", "INSERT"),
    ("simulated_charges", "UPDATE"),
    ("simulated_refunds", "SELECT"),
    ("simulated_refunds", "INSERT"),
    ("simulated_refunds", "UPDATE"),
    ("transactions", "SELECT"),
    ("transactions", "INSERT"),
    ("transactions", "UPDATE"),
    ("effects", "SELECT"),
    ("effects", "INSERT"),
    ("effects", "UPDATE"),
    ("effects", "DELETE"),
    ("accepted_jobs", "SELECT"),
    ("accepted_jobs", "UPDATE"),
    ("accepted_jobs", "DELETE"),
    ("plans", "SELECT"),
    ("plans", "UPDATE"),
    ("plan_versions", "SELECT"),
    ("users_id_seq", "USAGE"),
    ("subscriptions_id_seq", "USAGE"),
    ("gifts_id_seq", "USAGE"),
    ("payments_id_seq", "USAGE"),
    ("payment_methods_id_seq", "USAGE"),
    ("refunds_id_seq", "USAGE"),
];

/// All facts but the rights. Others' sessions show little more than their number to us.
const FACTS: &str = "
    SELECT current_setting('server_version_num')::int AS version,
        current_setting('server_encoding') AS encoding,
        current_setting('fsync') AS fsync,
        current_setting('full_page_writes') AS full_page_writes,
        current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('transaction_read_only') AS read_only,
        clock_timestamp() AS now,
        role.rolname::text AS role,
        CASE WHEN role.rolsuper THEN -1 ELSE role.rolconnlimit END AS role_limit,
        (SELECT count(*) FROM pg_stat_activity WHERE usesysid = role.oid) AS role_used,
        CASE WHEN role.rolsuper THEN -1 ELSE datconnlimit END AS database_limit,
        (SELECT coalesce(sum(numbackends), 0)::bigint FROM pg_stat_database
         WHERE datname = current_database()) AS database_used,
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0) AS server_limit,
        (SELECT coalesce(sum(numbackends), 0)::bigint FROM pg_stat_database) AS server_used
    FROM pg_roles AS role, pg_database
    WHERE role.rolname = current_user AND datname = current_database()";

const LACKS: &str = "
    SELECT CASE WHEN to_regclass(object) IS NULL THEN format('the table %s', object)
                ELSE format('%s on %s', privilege, object) END
    FROM unnest($1::text[], $2::text[]) AS need (object, privilege)
    WHERE CASE WHEN to_regclass(object) IS NULL THEN true
               WHEN privilege = 'USAGE' THEN NOT has_sequence_privilege(object, privilege)
               WHEN privilege = 'DELETE' THEN NOT has_table_privilege(object, privilege)
               ELSE NOT has_any_column_privilege(object, privilege) END";

/// The programs, which need different rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The api.
    Api,
    /// The worker.
    Worker,
}

/// What Postgres says about itself and us.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PostgresFacts {
    /// Its version, such as 150004.
    pub version: i32,
    /// The encoding of the database.
    pub encoding: String,
    /// The setting of that name; so are the next three.
    pub fsync: String,
    /// See there.
    pub full_page_writes: String,
    /// See there.
    pub synchronous_commit: String,
    /// Whether transactions take no writes.
    pub read_only: String,
    /// What its clock says.
    pub now: Instant,
    /// Our role.
    pub role: String,
    /// The connections that our role may have, and has. -1 is no limit; so for the next ones.
    pub role_limit: i32,
    /// See there.
    pub role_used: i64,
    /// The connections that the database may have.
    pub database_limit: i32,
    /// Those that it has.
    pub database_used: i64,
    /// The connections that the server may have.
    pub server_limit: i32,
    /// Those that it has.
    pub server_used: i64,
    /// The rights and tables that a program lacks.
    #[sqlx(skip)]
    pub lacks: Vec<String>,
}

impl Database {
    /// Asks for the facts that matter to a program.
    pub async fn facts(&self, program: Program) -> Result<PostgresFacts, StoreError> {
        let needs = match program {
            Program::Api => API_NEEDS,
            Program::Worker => WORKER_NEEDS,
        };
        let (objects, privileges): (Vec<&str>, Vec<&str>) = needs.iter().copied().unzip();
        let (objects, privileges) = (&objects, &privileges);
        let look = |mut connection: Lent| async move {
            let lacks = sqlx::query_scalar(LACKS).bind(objects).bind(privileges);
            let lacks = lacks.fetch_all(&mut *connection).await?;
            let facts = sqlx::query_as(FACTS).fetch_one(&mut *connection).await?;
            Ok(PostgresFacts { lacks, ..facts })
        };
        self.read(look).await
    }

    /// What the clock of Postgres says.
    pub async fn now(&self) -> Result<Instant, StoreError> {
        let ask = "SELECT clock_timestamp()";
        let look = |mut connection: Lent| async move {
            Ok(sqlx::query_scalar(ask).fetch_one(&mut *connection).await?)
        };
        self.read(look).await
    }
}
