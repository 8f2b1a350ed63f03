//! A Redis of one's own, which ends with the test.

use clap::Parser;
use shared::config;
use shared::queue::{Queue, QueueError};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// A running redis-server.
pub(crate) struct RedisServer {
    process: Option<Child>,
    port: u16,
    folder: PathBuf,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    redis: config::Redis,
}

impl RedisServer {
    /// Starts one, with nothing in it.
    pub(crate) fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("queue-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { process: None, port, folder };
        server.resume();
        server
    }

    /// Starts it again, at the same port, with what it had written down: nothing, if it was not told to.
    pub(crate) fn resume(&mut self) {
        self.resume_with(&[]);
    }

    /// The same, with more settings.
    pub(crate) fn resume_with(&mut self, settings: &[&str]) {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(settings)
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is needed on the PATH: `make test` installs it");
        self.process = Some(process);
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// The queue in it, once it answers.
    pub(crate) async fn queue(&self) -> Queue {
        self.queue_after(|_| ()).await
    }

    /// The same; `refused` is told of every try before.
    pub(crate) async fn queue_after(&self, mut refused: impl FnMut(QueueError)) -> Queue {
        let url = self.url();
        let settings = Settings::parse_from(["test", "--redis-url", &url, "--queue-name", "q"]);
        for _ in 0..200 {
            match Queue::connect(&settings.redis).await {
                Ok(queue) => return queue,
                Err(error) => refused(error),
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("redis-server at port {} does not answer", self.port);
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A plain connection, to look behind the scenes.
    pub(crate) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Every key, sorted.
pub(crate) async fn keys(connection: &mut redis::aio::MultiplexedConnection) -> Vec<String> {
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(connection).await.unwrap();
    keys.sort();
    keys
}

/// Runs a command whose words have no spaces in them.
pub(crate) async fn run<T: redis::FromRedisValue>(
    connection: &mut redis::aio::MultiplexedConnection,
    line: &str,
) -> T {
    let mut words = line.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    for word in words {
        command.arg(word);
    }
    command.query_async(connection).await.unwrap()
}
