//! The campaign's own Postgres, which may be killed.

mod programs;
mod server;
mod standby;

use anyhow::Result;
use e2e::{Proxy, eventually_true};
pub use programs::free_address;
use programs::{as_postgres, run};
use server::Server;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// The connections of the provider, and one of the checker, which reads as the product does.
const CONNECTIONS_BESIDE: u32 = 5;

/// The connections that only the campaign itself may use.
const CONNECTIONS_RESERVED: u32 = 5;

const START_WITHIN: Duration = Duration::from_mins(1);

/// What undoes the faults of administrators, whichever of them are there. First what commits wait
/// for.
const UNDO: [&str; 5] = [
    "ALTER SYSTEM RESET synchronous_standby_names",
    "SELECT pg_reload_conf()",
    "ALTER DATABASE commerce ALLOW_CONNECTIONS true",
    "ALTER ROLE commerce LOGIN",
    "ALTER ROLE commerce RESET default_transaction_isolation",
];
const UNDO_IN_DATABASE: &str = "GRANT ALL ON ALL TABLES IN SCHEMA public TO commerce";

/// The server that the product uses, with everything that is needed to start it again, and the
/// standby that can take its place.
pub struct Postgres {
    bin: PathBuf,
    /// The folder of all data.
    home: PathBuf,
    log: PathBuf,
    connections_max: u32,
    password: String,
    primary: Server,
    standby: Option<Server>,
    /// The way of the campaign itself to the primary.
    way: Proxy,
}

impl Postgres {
    /// Makes a cluster in `home` and starts it, with as many connections as the product may use:
    /// they are few, so that the nemesis can take all of them.
    pub async fn start(
        bin: Option<&Path>,
        home: &Path,
        folder: &Path,
        of_product: u32,
    ) -> Result<Self> {
        // A session at the end of a silent connection lasts beside the one that took its place.
        let connections_max = 2 * of_product + CONNECTIONS_BESIDE + CONNECTIONS_RESERVED;
        let bin = bin.map_or_else(programs::find_programs, |bin| Ok(bin.to_owned()))?;
        let home = home.join("postgres");
        let password = Uuid::new_v4().simple().to_string();
        std::fs::create_dir_all(&home)?;
        std::fs::write(home.join("password"), &password)?;
        if programs::is_root()? {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&home))?;
        }
        let primary = Server::new(&home)?;
        let (program, mut args) = as_postgres(&bin.join("initdb"))?;
        args.extend(["-D".to_owned(), primary.data.display().to_string()]);
        args.extend(["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8"].map(str::to_owned));
        args.extend(["--locale=C.UTF-8".to_owned(), "--pwfile".to_owned()]);
        args.push(home.join("password").display().to_string());
        run(Command::new(program).args(args).current_dir("/"))?;
        let way = Proxy::start(primary.address.to_string()).await?;
        let log = folder.join("postgres.log");
        let standby = None;
        let mut postgres =
            Self { bin, home, log, connections_max, password, primary, standby, way };
        postgres.resume().await?;
        let mut connection = postgres.connect("postgres").await?;
        let password = sqlx::AssertSqlSafe(format!(
            "CREATE ROLE commerce LOGIN PASSWORD '{}'",
            postgres.password
        ));
        sqlx::query(password).execute(&mut connection).await?;
        sqlx::query("CREATE DATABASE commerce OWNER commerce").execute(&mut connection).await?;
        Ok(postgres)
    }

    /// The most connections.
    #[must_use]
    pub fn connections_max(&self) -> u32 {
        self.connections_max
    }

    /// The address at which the primary listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.primary.address
    }

    /// The product's own use of its database, not through the proxy.
    pub fn store(&self) -> Result<store::Database> {
        Ok(store::Database::new(&self.url(self.address()), 1)?)
    }

    /// The URL of the product's database, through `proxy`.
    #[must_use]
    pub fn url(&self, proxy: SocketAddr) -> String {
        format!("postgres://commerce:{}@{proxy}/commerce", self.password)
    }

    fn options(&self, user: &str, database: &str) -> PgConnectOptions {
        let way = self.way.address();
        PgConnectOptions::new()
            .host(&way.ip().to_string())
            .port(way.port())
            .username(user)
            .password(&self.password)
            .database(database)
    }

    async fn connect(&self, database: &str) -> Result<PgConnection> {
        Ok(PgConnection::connect_with(&self.options("postgres", database)).await?)
    }

    /// A connection as the user of the product, not through the proxy.
    pub async fn connect_as_product(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect_with(&self.options("commerce", "commerce")).await?)
    }

    /// The campaign's own connections. They have the rights and the reserved connections of a
    /// superuser.
    #[must_use]
    pub fn admin(&self) -> PgPool {
        self.pool("commerce", CONNECTIONS_RESERVED - 2)
    }

    /// A connection to another database, for what is done to that of the product.
    #[must_use]
    pub fn maintenance(&self) -> PgPool {
        self.pool("postgres", 1)
    }

    fn pool(&self, database: &str, connections_max: u32) -> PgPool {
        PgPoolOptions::new()
            .max_connections(connections_max)
            // The checks at the end share few connections, and some of them read much.
            .acquire_timeout(Duration::from_mins(1))
            // What administrators do waits for no standby, or nobody could do without one.
            .connect_lazy_with(
                self.options("postgres", database).options([("synchronous_commit", "local")]),
            )
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        self.primary.process = None;
    }

    /// Starts it on its data, and waits until it answers.
    pub async fn resume(&mut self) -> Result<()> {
        eventually_true("Postgres answers", START_WITHIN, async || {
            self.primary.start(&self.bin, &self.log, self.connections_max).await?;
            Ok(self.connect("postgres").await.is_ok())
        })
        .await
    }

    /// Undoes what faults do by statements.
    pub async fn undo(&self) -> Result<()> {
        eventually_true("the faults of administrators are undone", START_WITHIN, async || {
            let mut connection = self.connect("postgres").await?;
            for undo in UNDO {
                sqlx::query(undo).execute(&mut connection).await?;
            }
            let mut connection = self.connect("commerce").await?;
            sqlx::query(UNDO_IN_DATABASE).execute(&mut connection).await?;
            Ok(true)
        })
        .await
    }
}
