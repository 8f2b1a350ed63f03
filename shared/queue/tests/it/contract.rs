//! What we lean on of apalis-redis, pinned: when one of these fails after an upgrade, read
//! `docs/QUEUE.md` before anything else.

use crate::sample::job;
use crate::steps::{admit, finish, started};
use apalis::prelude::{BoxDynError, Data, TaskId, WorkerBuilder};
use apalis_redis::{Config, RedisStorage};
use queue::{FetchSettings, Queue, QueuedJob, RawTask, Source};
use serde_json::Value;
use std::time::Duration;
use support::{keys, run};
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
    let (redis, queue) = started().await;
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

/// A source whose workers look for tasks when these are announced, and hardly ever else.
fn source(queue: &Queue) -> Source {
    let idle_interval = Duration::from_hours(1);
    let settings = FetchSettings { orphan_seconds: 36_000, fetch_max: 16, idle_interval };
    queue.source(settings, CancellationToken::new())
}

#[tokio::test]
async fn no_wake_signal_is_lost() {
    let (_redis, queue) = started().await;
    let source = source(&queue);
    let (seen, mut arrived): (Seen, _) = unbounded_channel();
    let submit = async {
        // A signal may come at any moment of a fetch: some will come in the middle of one.
        for n in 0..2000 {
            admit(&queue, &job(&n.to_string())).await;
            arrived.recv().await.unwrap();
        }
    };
    tokio::select! {
        () = run_worker(&source, "w", seen) => {}
        submitted = timeout(PATIENCE, submit) => submitted.unwrap(),
    }
}

#[tokio::test]
async fn a_burst_is_taken_whole_and_nothing_is_left_of_it_when_it_is_finished() {
    let (redis, queue) = started().await;
    let source = source(&queue);
    let (seen, mut arrived): (Seen, _) = unbounded_channel();
    let drain = async {
        for n in 0..500 {
            admit(&queue, &job(&n.to_string())).await;
        }
        for _ in 0..500 {
            let (_, payload) = arrived.recv().await.unwrap();
            let job = QueuedJob::decode(&payload).unwrap();
            finish(&queue, "w", &[job]).await;
        }
    };
    tokio::select! {
        () = run_worker(&source, "w", seen) => {}
        drained = timeout(PATIENCE, drain) => drained.unwrap(),
    }
    let mut connection = redis.connect().await.unwrap();
    // Their records go by themselves.
    for n in 0..500 {
        let record = format!("q:job:{}", job(&n.to_string()).id());
        redis::cmd("DEL").arg(record).query_async::<()>(&mut connection).await.unwrap();
    }
    queue.release("w").await.unwrap();
    assert_eq!(keys(&mut connection).await, ["core:apalis:queues:list"]);
}

#[tokio::test]
async fn a_worker_starts_and_fetches_on_a_full_redis() {
    let (redis, queue) = started().await;
    for n in 0..50 {
        admit(&queue, &job(&n.to_string())).await;
    }
    let mut connection = redis.connect().await.unwrap();
    run::<()>(&mut connection, "CONFIG SET maxmemory 1").await;
    let source = source(&queue);
    let (seen, mut arrived): (Seen, _) = unbounded_channel();
    let drain = async {
        for _ in 0..50 {
            arrived.recv().await.unwrap();
        }
    };
    tokio::select! {
        () = run_worker(&source, "w", seen) => {}
        drained = timeout(PATIENCE, drain) => drained.unwrap(),
    }
}
