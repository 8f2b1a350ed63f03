//! The edge of HTTP: silent, slow and crowding clients take nothing from the others.

use std::{fs, net::SocketAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Client, Kind, Service, Stack, eventually_true, fresh_key, raw_request};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// The longest that an honest request may take, whatever others do.
const HONEST_MAX: Duration = Duration::from_secs(1);
/// The most memory of a process.
const MEMORY_MAX_KB: u64 = 128 * 1024;
/// What the allocator may keep of it, the pages of the program itself left out: those of a debug
/// build are many.
const KEPT_MAX_KB: u64 = 80 * 1024;

const HEAD: &str = "POST /users HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n\
                    Content-Type: application/json\r\n";

/// An api that may open so many files.
async fn api_with_files(stack: &Stack, files: usize) -> Result<Service> {
    let service = stack.service_with(Kind::Api, stack.settings(Kind::Api))?;
    let mut service = service.under(&format!("ulimit -n {files}; exec \"$0\""));
    service.start().await?;
    Ok(service)
}

/// Opens connections and sends `bytes` on each.
async fn crowd(address: SocketAddr, count: usize, bytes: &[u8]) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await?;
        // The other end may have closed it already.
        let _ = stream.write_all(bytes).await;
        streams.push(stream);
    }
    Ok(streams)
}

/// Sends an honest request of each kind, each on a connection of its own.
async fn check_honest(address: SocketAddr) -> Result<()> {
    let begun = Instant::now();
    Client::new(address)?.get("/health").await?.json(200)?;
    ensure!(begun.elapsed() < HONEST_MAX, "health took {:?}", begun.elapsed());
    let begun = Instant::now();
    let email = format!("{}@example.com", fresh_key());
    Client::new(address)?.create_user(&email).await?;
    ensure!(begun.elapsed() < HONEST_MAX, "a command took {:?}", begun.elapsed());
    Ok(())
}

fn memory_kb(service: &mut Service, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", service.process()?.id()))?;
    let line = status.lines().find(|line| line.starts_with(field)).context("no such field")?;
    Ok(line.split_whitespace().nth(1).context("no value")?.parse()?)
}

/// Reads until the other end closes, and returns what it said.
async fn read_to_end(stream: &mut TcpStream, within: Duration) -> Result<String> {
    let mut text = Vec::new();
    let ended = timeout(within, stream.read_to_end(&mut text)).await;
    ended.with_context(|| format!("still open: {:?}", String::from_utf8_lossy(&text)))?.ok();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn more_idle_sockets_than_files_keep_nobody_out() -> Result<()> {
    let stack = Stack::builder().apis(0).start().await?;
    let mut api = api_with_files(&stack, 1024).await?;
    let address = api.client()?.address()?;
    let mut others = Vec::new();
    for _ in 0..11 {
        others.extend(crowd(address, 100, b"").await?);
        check_honest(address).await?;
    }
    ensure!(memory_kb(&mut api, "VmHWM")? < MEMORY_MAX_KB, "too much memory");
    api.stop(Duration::from_secs(2)).await?;
    drop(others);
    stack.done().await
}

#[tokio::test]
async fn half_heads_and_slow_bodies_keep_nobody_out() -> Result<()> {
    let stack = Stack::builder().apis(0).start().await?;
    let mut api = api_with_files(&stack, 128).await?;
    let address = api.client()?.address()?;
    let body = format!("{HEAD}Content-Length: 60000\r\n\r\n{{");
    let mut others = Vec::new();
    for bytes in [&b"GET /health HTTP/1.1\r\nHost:"[..], body.as_bytes()] {
        for _ in 0..3 {
            others.extend(crowd(address, 100, bytes).await?);
            check_honest(address).await?;
        }
    }
    api.stop(Duration::from_secs(3)).await?;
    drop(others);
    stack.done().await
}

#[tokio::test]
async fn a_crowd_that_waits_for_answers_leaves_room_for_health() -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).postgres_proxy().start().await?;
    let mut api = api_with_files(&stack, 100).await?;
    let address = api.client()?.address()?;
    // Reads wait for Postgres for a while.
    stack.proxy()?.freeze();
    let read = b"GET /users/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    eventually_true("others find no room", Duration::from_secs(20), async || {
        let _reading = crowd(address, 60, read).await?;
        let answer = Client::new(address)?.get("/problems").await?;
        if answer.status == 503 {
            ensure!(answer.header("retry-after") == Some("1"), "{answer}");
            answer.problem(503, "overloaded")?;
            let health = Client::new(address)?.get("/health").await?;
            ensure!(health.json(503)?["database"] == "down", "{health}");
            return Ok(true);
        }
        Ok(false)
    })
    .await?;
    stack.proxy()?.restore();
    api.stop(Duration::from_secs(10)).await?;
    stack.done().await
}

#[tokio::test]
async fn a_half_head_is_closed_and_an_idle_connection_is_kept() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let address = stack.client()?.address()?;
    let (mut idle, mut half) =
        (TcpStream::connect(address).await?, TcpStream::connect(address).await?);
    half.write_all(b"GET /health HTTP/1.1\r\nHost: ").await?;
    // Bytes that trickle in change nothing.
    let begun = Instant::now();
    let (mut read, mut write) = half.split();
    let mut received = Vec::new();
    let trickle = async {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let end = async { timeout(Duration::from_secs(15), read.read_to_end(&mut received)).await };
    tokio::select! {
        () = trickle => {}
        ended = end => drop(ended.context("the half head is still there")?),
    }
    ensure!(begun.elapsed() > Duration::from_secs(8), "closed after {:?}", begun.elapsed());
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let answer = read_to_end(&mut idle, HONEST_MAX).await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    stack.done().await
}

#[tokio::test]
async fn heads_that_cannot_be_read_are_refused_with_a_problem() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let address = stack.client()?.address()?;
    let long = "x".repeat(40_000);
    let many = "H: x\r\n".repeat(120);
    for (head, status, code) in [
        ("GET /health HTTP/9.9\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /health HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("\u{16}\u{3}\u{1}\u{2}hello\r\n\r\n".to_owned(), 400, "malformed_request"),
        (format!("GET /health HTTP/1.1\r\nX: {long}\r\n\r\n"), 431, "head_too_large"),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 431, "head_too_large"),
        (format!("GET /health HTTP/1.1\r\n{many}\r\n"), 431, "head_too_large"),
    ] {
        let answer = raw_request(address, head.as_bytes()).await?;
        ensure!(answer.header("connection") == Some("close"), "{answer}");
        ensure!(answer.header("cache-control") == Some("no-store"), "{answer}");
        answer.problem(status, code)?;
    }
    let fits = "x".repeat(32_000);
    let head = format!(
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: {fits}\r\nConnection: close\r\n\r\n"
    );
    raw_request(address, head.as_bytes()).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn memory_is_bounded_and_given_back() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let address = stack.client()?.address()?;
    check_memory(&mut stack, 10).await?;
    let head = format!("GET /health HTTP/1.1\r\nX: {}", "x".repeat(32_000));
    let body = format!("{HEAD}Content-Length: 60000\r\n\r\n{}", "x".repeat(59_000));
    for bytes in [head, body] {
        let others = crowd(address, 2_000, bytes.as_bytes()).await?;
        Client::new(address)?.get("/health").await?.json(200)?;
        drop(others);
    }
    let peak = memory_kb(stack.api(0)?, "VmHWM")?;
    ensure!(peak < MEMORY_MAX_KB, "{peak} KB");
    check_memory(&mut stack, 60).await?;
    stack.done().await
}

async fn check_memory(stack: &mut Stack, seconds: u64) -> Result<()> {
    let what = "most memory is given back";
    eventually_true(what, Duration::from_secs(seconds), async || {
        let kb = memory_kb(stack.api(0)?, "RssAnon")?;
        ensure!(kb < KEPT_MAX_KB, "{kb} KB");
        Ok(true)
    })
    .await
}

#[tokio::test]
async fn a_body_is_not_waited_for_without_a_key() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("API_AUTH", "required").start().await?;
    let address = stack.client()?.address()?;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("{HEAD}Content-Length: 60000\r\n\r\n{{");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    timeout(HONEST_MAX, stream.read_exact(&mut answer)).await??;
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401");

    // An answer is not lost because the client was still sending.
    for _ in 0..10 {
        let body = " ".repeat(1 << 20);
        stack.client()?.post_text("/users", "k", body).await?.problem(401, "unauthenticated")?;
    }
    // A small body does not cost the connection.
    let small = format!("{HEAD}Content-Length: 2\r\n\r\n{{}}");
    let last = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("{small}{last}").as_bytes()).await?;
    let answers = read_to_end(&mut stream, HONEST_MAX).await?;
    ensure!(answers.contains("HTTP/1.1 401") && answers.contains("HTTP/1.1 200"), "{answers}");
    stack.api(0)?.stop(Duration::from_secs(2)).await?;
    stack.done().await
}

#[tokio::test]
async fn large_bodies_are_bounded_and_small_ones_pass() -> Result<()> {
    let stack = Stack::builder().start().await?;
    let address = stack.client()?.address()?;
    let body = format!("{HEAD}Content-Length: 60000\r\n\r\n{}", " ".repeat(10_000));
    let others = crowd(address, 300, body.as_bytes()).await?;
    let large = format!(r#"{{"email":"ada@example.com"}}{}"#, " ".repeat(10_000));
    let client = Client::new(address)?;
    eventually_true("no room for large bodies", Duration::from_secs(5), async || {
        let request = client
            .request(Method::POST, "/users")
            .header("idempotency-key", "large")
            .header("content-type", "application/json")
            .body(large.clone());
        let answer = client.send(request).await?;
        ensure!(answer.header("retry-after") == Some("1"), "{answer}");
        answer.problem(503, "overloaded")?;
        Ok(true)
    })
    .await?;
    check_honest(address).await?;
    drop(others);
    eventually_true("there is room again", Duration::from_secs(5), async || {
        Ok(client.post_text("/users", "large", large.clone()).await?.status == 201)
    })
    .await?;
    stack.done().await
}

#[tokio::test]
async fn a_stop_waits_for_no_silent_client() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(1).start().await?;
    for service in [Kind::Api, Kind::Worker] {
        let address = match service {
            Kind::Api => stack.client()?.address()?,
            Kind::Worker => stack.worker(0)?.client()?.address()?,
        };
        let body = format!("{HEAD}Content-Length: 60000\r\n\r\n{{");
        let mut others = crowd(address, 10, b"").await?;
        others.extend(crowd(address, 10, b"GET /health HTTP/1.1\r\nHost:").await?);
        others.extend(crowd(address, 10, body.as_bytes()).await?);
        // These ask for much and read nothing.
        let pipelined = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200);
        others.extend(crowd(address, 5, pipelined.as_bytes()).await?);
        Client::new(address)?.get("/health").await?.json(200)?;
        match service {
            Kind::Api => stack.api(0)?.stop(Duration::from_secs(3)).await?,
            Kind::Worker => stack.worker(0)?.stop(Duration::from_secs(3)).await?,
        }
    }
    stack.done().await
}
