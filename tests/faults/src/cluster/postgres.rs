//! The campaign's own Postgres cluster, which may be killed.

use anyhow::{Context, Result, bail, ensure};
use e2e::{Process, Settings, eventually_true};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// The most connections. They are few, so that the nemesis can take all that the product may have.
pub const CONNECTIONS_MAX: u32 = 60;

/// The connections that only the campaign itself may use.
const CONNECTIONS_RESERVED: u32 = 5;

const START_WITHIN: Duration = Duration::from_mins(1);

/// The server, with everything that is needed to start it again.
pub struct Postgres {
    program: PathBuf,
    data: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    password: String,
    process: Option<Process>,
}

impl Postgres {
    /// Makes a cluster in `home` and starts it.
    pub async fn start(bin: Option<&Path>, home: &Path, folder: &Path) -> Result<Self> {
        let bin = bin.map_or_else(find_programs, |bin| Ok(bin.to_owned()))?;
        let postgres = home.join("postgres");
        let password = Uuid::new_v4().simple().to_string();
        std::fs::create_dir_all(&postgres)?;
        std::fs::write(postgres.join("password"), &password)?;
        if is_root()? {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&postgres))?;
        }
        let data = postgres.join("data");
        let (program, mut args) = as_postgres(&bin.join("initdb"))?;
        args.extend(["-D".to_owned(), data.display().to_string()]);
        args.extend(["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8"].map(str::to_owned));
        args.extend(["--locale=C.UTF-8".to_owned(), "--pwfile".to_owned()]);
        args.push(postgres.join("password").display().to_string());
        run(Command::new(program).args(args).current_dir("/"))?;
        let log = folder.join("postgres.log");
        let program = bin.join("postgres");
        let address = free_address()?;
        let mut server = Self { program, data, log, address, password, process: None };
        server.resume().await?;
        let mut connection = server.connect("postgres").await?;
        let password = sqlx::AssertSqlSafe(format!(
            "CREATE ROLE commerce LOGIN PASSWORD '{}'",
            server.password
        ));
        sqlx::query(password).execute(&mut connection).await?;
        sqlx::query("CREATE DATABASE commerce OWNER commerce").execute(&mut connection).await?;
        Ok(server)
    }

    /// The address at which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The product's own use of its database, not through the proxy.
    pub fn store(&self) -> Result<store::Database> {
        Ok(store::Database::new(&self.url(self.address), 1)?)
    }

    /// The URL of the product's database, through `proxy`.
    #[must_use]
    pub fn url(&self, proxy: SocketAddr) -> String {
        format!("postgres://commerce:{}@{proxy}/commerce", self.password)
    }

    fn options(&self, user: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new()
            .host(&self.address.ip().to_string())
            .port(self.address.port())
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
            .acquire_timeout(Duration::from_secs(10))
            // What administrators do waits for no standby, or nobody could do without one.
            .connect_lazy_with(
                self.options("postgres", database).options([("synchronous_commit", "local")]),
            )
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it on its data, and waits until it answers.
    pub async fn resume(&mut self) -> Result<()> {
        let (program, mut args) = as_postgres(&self.program)?;
        let mut add = |name: &str, value: String| args.extend([name.to_owned(), value]);
        add("-D", self.data.display().to_string());
        add("-h", self.address.ip().to_string());
        add("-p", self.address.port().to_string());
        for setting in [
            "unix_socket_directories=".to_owned(),
            format!("max_connections={CONNECTIONS_MAX}"),
            format!("superuser_reserved_connections={CONNECTIONS_RESERVED}"),
            "deadlock_timeout=200ms".to_owned(),
        ] {
            add("-c", setting);
        }
        eventually_true("Postgres answers", START_WITHIN, async || {
            // Postgres does not start before the last children of a killed server have ended.
            let ended = self.process.as_mut().is_none_or(|p| !matches!(p.try_exit(), Ok(None)));
            if ended {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let settings = Settings::default();
                self.process = Some(Process::spawn(&program, &args, &settings, &self.log)?);
            }
            Ok(self.connect("postgres").await.is_ok())
        })
        .await
    }
}

/// The programs of the newest Postgres of this machine. On Debian they are not on the PATH.
fn find_programs() -> Result<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let major = entry.file_name().to_string_lossy().parse().unwrap_or_default();
        folders.push((major, entry.path().join("bin")));
    }
    let newest = folders.into_iter().max().map(|(_, folder)| folder);
    newest.context("no Postgres under /usr/lib/postgresql: set POSTGRES_BIN")
}

/// The command that runs `program`. Postgres refuses to run as root, so root runs it as the user
/// `postgres`, with the same process id.
fn as_postgres(program: &Path) -> Result<(PathBuf, Vec<String>)> {
    if !is_root()? {
        return Ok((program.to_owned(), Vec::new()));
    }
    let args = ["--reuid=postgres", "--regid=postgres", "--clear-groups"].map(str::to_owned);
    let program = program.display().to_string();
    Ok((PathBuf::from("setpriv"), args.into_iter().chain([program]).collect()))
}

fn is_root() -> Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout == b"0\n")
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}\n{words}", output.status);
    Ok(())
}

/// A loopback address at which nothing listens. Its port is below the range of outgoing
/// connections, so that it is still free when its server is started again.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..1000 {
        let port = rand::random_range(12_000..32_000);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port")
}
