//! The Postgres of the tests, and the template that their databases are copied from.

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, query_scalar, raw_sql};
use std::str::FromStr;

/// The migrations. The name of the template depends on them.
static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// The server of `TEST_DATABASE_URL`.
pub(crate) fn server() -> PgConnectOptions {
    #[expect(clippy::disallowed_methods, reason = "a test has no main that reads settings")]
    let url = std::env::var("TEST_DATABASE_URL");
    let url = url.expect("TEST_DATABASE_URL is not set: run `make test`");
    PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL is the URL of a Postgres")
}

/// A connection to a server that must be running.
pub(crate) async fn connect(options: &PgConnectOptions) -> PgConnection {
    let connection = options.connect().await;
    connection.unwrap_or_else(|e| panic!("TEST_DATABASE_URL is of no use: run `make test` ({e})"))
}

/// The name of the database that those of tests are copied from. It is made unless it exists. It is
/// named after the migrations, and is marked as a template when it is complete.
pub(crate) async fn template(server: &PgConnectOptions, admin: &mut PgConnection) -> String {
    let bytes = MIGRATOR.iter().flat_map(|migration| migration.checksum.iter());
    let sum = bytes.fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let name = format!("store_{sum:016x}");
    // The lock is for all processes, because nextest runs each test in a process of its own.
    run(admin, "SELECT pg_advisory_lock(20261124)").await;
    let whole = "SELECT count(*) FROM pg_database WHERE datistemplate AND datname = $1";
    if query_scalar::<_, i64>(whole).bind(&name).fetch_one(&mut *admin).await.unwrap() == 0 {
        run(admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(admin, &format!("CREATE DATABASE {name}")).await;
        let store = store::Database::new(&url(server, &name), 1).unwrap();
        store.migrate(store::Finish::WhenAlone).await.unwrap();
        drop(store);
        let close = format!("ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false");
        run(admin, &close).await;
    }
    run(admin, "SELECT pg_advisory_unlock(20261124)").await;
    name
}

/// The URL of a database of that server.
pub(crate) fn url(server: &PgConnectOptions, database: &str) -> String {
    server.clone().database(database).to_url_lossy().to_string()
}

/// Runs statements.
pub(crate) async fn run(connection: &mut PgConnection, statements: &str) {
    let done = raw_sql(AssertSqlSafe(statements)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{statements}: {error}"));
}
