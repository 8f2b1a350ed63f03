//! A way to Postgres on which everything is taken and nothing comes back.

use domain::{Changes, ClientId, Needs, UserId};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Batch, StoreError, reads};
use support::Database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// A proxy whose connections up to a number are silent: what arrives is read and dropped.
struct Way {
    url: String,
    opened: Arc<AtomicU64>,
    silent: Arc<AtomicU64>,
}

impl Way {
    async fn to(database: &Database) -> Self {
        let target = PgConnectOptions::from_str(&database.url()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = target.clone().host("127.0.0.1").port(port).to_url_lossy().to_string();
        let (opened, silent) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let way = Self { url, opened: opened.clone(), silent: silent.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = opened.fetch_add(1, Ordering::SeqCst) + 1;
                let server = (target.get_host(), target.get_port());
                let server = TcpStream::connect(server).await.unwrap();
                tokio::spawn(pass(client, server, number, silent.clone()));
            }
        });
        way
    }

    /// From now on the connections that are open are silent. New ones are not.
    fn silence(&self) {
        self.silent.store(self.opened.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

async fn pass(client: TcpStream, server: TcpStream, number: u64, silent: Arc<AtomicU64>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let is_silent = move || silent.load(Ordering::SeqCst) >= number;
    let heard = is_silent.clone();
    let up = async move {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            if !is_silent() && to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    let down = async move {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            if !heard() && to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = up => {}, () = down => {} }
}

#[tokio::test]
async fn reads_go_on_within_seconds_however_often_every_connection_falls_silent() {
    let database = Database::create().await;
    let way = Way::to(&database).await;
    let store = store::Database::new(&way.url, 3).unwrap();
    let read = async || reads::user(&store, ClientId::LOCAL, UserId::new(1)).await;
    // More often than there are connections: none is lost for good.
    for _ in 0..4 {
        let (one, two, three) = tokio::join!(read(), read(), read());
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        way.silence();
        let begun = Instant::now();
        while read().await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(5));
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    // Those that were idle for longer are not even missed.
    way.silence();
    sleep(Duration::from_millis(1100)).await;
    read().await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_given_up_leaves_its_place_to_the_next() {
    let database = Database::create().await;
    let way = Way::to(&database).await;
    let store = store::Database::new(&way.url, 1).unwrap();
    let (batch, ..) = Batch::begin(&store, &Needs::default(), &[]).await.unwrap();
    way.silence();
    let nothing = Changes::default();
    let commit = batch.commit(&nothing, &[]);
    tokio::time::timeout(Duration::from_millis(100), commit).await.unwrap_err();
    store.takes_writes().await.unwrap();
}

#[tokio::test]
async fn a_silent_postgres_is_an_outage() {
    let database = Database::create().await;
    let way = Way::to(&database).await;
    way.silent.store(u64::MAX, Ordering::SeqCst);
    let store = store::Database::new(&way.url, 1).unwrap();
    let error = store.takes_writes().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)) && error.may_pass_soon(), "{error:?}");
}
