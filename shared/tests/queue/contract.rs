//! What we lean on of apalis-redis, pinned: when one of these fails after an upgrade, read
//! `docs/QUEUE.md` before anything else.

use crate::redis_server::{RedisServer, keys};
use crate::sample::{admit, job};
use apalis::prelude::{BoxDynError, Data, TaskId, WorkerBuilder};
use apalis_redis::{Config, RedisStorage};
use serde_json::Value;
use shared::queue::job::QueuedJob;
use shared::queue::source::{RawTask, Source};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Generous: the point is that it happens, or that it does not take seconds a job.
const PATIENCE: Duration = Duration::from_secs(20);

type Seen = UnboundedSender<(String, Vec<u8>)>;

#[tokio::test]
async fn a_stock_worker_reads_what_admission_writes() {
    async fn handle(task: Value, id: TaskId, seen: Data<Seen>) -> Result<(), BoxDynError> {
        seen.send((id.to_string(), serde_json::to_vec(&task)?))?;
        Ok(())
    }
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    admit(&queue, &job("a")).await;
    let connection = redis::Client::open(redis.url()).unwrap();
    let connection = connection.get_connection_manager().await.unwrap();
    let config = Config::default().queue("q");
    let storage = RedisStorage::<Value>::new(connection).with_config(config);
    let (seen, mut arrived): (Seen, _) = unbounded_channel();
    let worker = WorkerBuilder::new("stock").backend(storage).data(seen).build(handle);
    let first = async {
        tokio::select! {
            ended = worker.run() => panic!("the worker ended: {ended:?}"),
            first = arrived.recv() => first,
        }
    };
    let (id, payload) = timeout(PATIENCE, first).await.unwrap().unwrap();
    assert_eq!(id, job("a").id().to_string());
    assert_eq!(QueuedJob::decode(&payload).unwrap(), job("a"));
}

async fn run_worker(source: &Source, name: &str, seen: Seen) {
    async fn handle(task: RawTask, id: TaskId, seen: Data<Seen>) -> Result<(), BoxDynError> {
        seen.send((id.to_string(), task.0))?;
        Ok(())
    }
    let tasks = source.tasks();
    let worker = WorkerBuilder::new(name).backend(tasks).data(seen).build(handle);
    panic!("the worker ended: {:?}", worker.run().await);
}

#[tokio::test]
async fn an_idle_worker_starts_each_job_at_once() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let source = queue.source(3600, 16, CancellationToken::new());
    let (seen, mut arrived): (Seen, _) = unbounded_channel();
    let submit = async {
        for n in 0..60 {
            admit(&queue, &job(&n.to_string())).await;
            arrived.recv().await.unwrap();
        }
    };
    // With no wake-up but the idle interval of a second this would take a minute.
    tokio::select! {
        () = run_worker(&source, "w", seen) => {}
        submitted = timeout(PATIENCE, submit) => submitted.unwrap(),
    }
}

#[tokio::test]
async fn a_burst_is_taken_whole_and_leaves_nothing_when_cleaned() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let source = queue.source(3600, 16, CancellationToken::new());
    let (seen, mut arrived): (Seen, _) = unbounded_channel();
    let drain = async {
        for n in 0..500 {
            admit(&queue, &job(&n.to_string())).await;
        }
        for _ in 0..500 {
            arrived.recv().await.unwrap();
        }
        // The last are acknowledged a moment later.
        while queue.stats().await.unwrap().running > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = run_worker(&source, "w", seen) => {}
        drained = timeout(PATIENCE, drain) => drained.unwrap(),
    }
    let mut connection = redis.connection().await;
    // Their records go by themselves.
    for n in 0..500 {
        let record = format!("q:job:{}", job(&n.to_string()).id());
        redis::cmd("DEL").arg(record).query_async::<()>(&mut connection).await.unwrap();
    }
    while queue.clean().await.unwrap() > 0 {}
    queue.release("w").await.unwrap();
    assert_eq!(keys(&mut connection).await, ["core:apalis:queues:list"]);
}
