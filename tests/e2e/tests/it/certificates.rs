//! Servers whose certificates are of a private CA, and a start that believes another one.

use anyhow::{Context, Result};
use e2e::{Settings, run_to_end};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use support::{RedisServer, eventually_true, free_address, fresh_folder};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(20);

/// A Postgres with TLS. It ends when this is dropped.
struct TlsPostgres {
    url: String,
    script: Child,
    input: Option<ChildStdin>,
}

impl TlsPostgres {
    /// Starts one. `folder` gets its certificate, that of its CA, and another CA.
    fn start(folder: &Path) -> Result<Self> {
        let mut script = Command::new("bash")
            .arg("scripts/tls-postgres")
            .arg(folder)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = script.stdin.take();
        let mut url = String::new();
        BufReader::new(script.stdout.take().context("no stdout")?).read_line(&mut url)?;
        Ok(Self { url: url.trim().to_owned(), script, input })
    }
}

impl Drop for TlsPostgres {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.script.wait();
    }
}

/// Lets a Redis speak TLS with the certificate in `folder`, and returns its URL.
async fn redis_with_tls(redis: &mut RedisServer, folder: &Path) -> Result<String> {
    let address = free_address()?;
    let (port, file) = (address.port().to_string(), |name| folder.join(name).display().to_string());
    let (certificate, key) = (file("server.pem"), file("server.key"));
    redis.stop().await?;
    redis.spawn_with(
        &[
            ["--tls-port", &port],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-auth-clients", "no"],
        ]
        .concat(),
    )?;
    let listens = async || Ok(TcpStream::connect(address).await.is_ok());
    eventually_true("Redis speaks TLS", SOON, listens).await?;
    Ok(format!("rediss://localhost:{port}"))
}

#[tokio::test]
async fn a_certificate_of_another_ca_is_named_with_its_cure_and_not_waited_for() -> Result<()> {
    let folder = fresh_folder("certificates")?;
    let postgres = TlsPostgres::start(&folder)?;
    let mut redis = RedisServer::start_temporary().await?;
    let redis_url = redis_with_tls(&mut redis, &folder).await?;
    let file = |ca: &str| folder.join(ca).display().to_string();
    let settings = |postgres_ca: &str, redis_ca: Option<&str>| {
        let tls = format!("sslmode=verify-full&sslrootcert={}", file(postgres_ca));
        let common = Settings::default()
            .with("DATABASE_URL", format!("{}?{tls}", postgres.url))
            .with("WORKER_ADDR", "off");
        match redis_ca {
            Some(ca) => common.with("REDIS_URL", &redis_url).with("SSL_CERT_FILE", file(ca)),
            // Postgres would trust SSL_CERT_FILE, too.
            None => common.with("REDIS_URL", redis.url()),
        }
    };
    let (own, other) = ("ca.pem", "other/ca.pem");
    for (postgres_ca, redis_ca, cures) in [
        (own, Some(own), &[][..]),
        (other, None, &["sslrootcert"]),
        (own, Some(other), &["SSL_CERT_FILE"]),
        (other, Some(other), &["sslrootcert", "SSL_CERT_FILE"]),
    ] {
        // The schema is not there, so neither starts.
        let mut runs = vec![("worker", &["check"][..]), ("api", &["check"])];
        if !cures.is_empty() {
            runs.push(("worker", &[]));
        }
        for (program, args) in runs {
            let output = run_to_end(program, args, &settings(postgres_ca, redis_ca))?;
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(!output.status.success(), "{said}");
            let lines: Vec<&str> = said.lines().collect();
            let named: Vec<&str> = lines
                .windows(2)
                .filter(|lines| lines[0].starts_with("wrong: cannot use"))
                .map(|lines| {
                    assert!(lines[0].contains("certificate"), "{said}");
                    lines[1]
                })
                .collect();
            assert_eq!(named.len(), cures.len(), "{said}");
            assert!(named.iter().zip(cures).all(|(line, cure)| line.contains(cure)), "{said}");
            assert!(!said.contains("waiting for"), "{program} {args:?} {said}");
        }
    }
    drop(postgres);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
