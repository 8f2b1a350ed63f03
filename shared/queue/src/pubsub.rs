//! Subscriptions to a channel: for the wake signal of the workers and for the outcomes that the
//! apis wait for. One that ends is renewed, and so is one that is silent: it is pinged once a
//! second.

use crate::connection::{Connection, RESPONSE_TIMEOUT};
use futures::StreamExt;
use redis::aio::PubSubSink;
use redis::{Msg, RedisResult, Value};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// The pause between attempts to subscribe.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// The time between two pings, and the time within which one must be answered. Together they are
/// the time in which a silent subscription is noticed.
const PING_INTERVAL: Duration = Duration::from_millis(750);
const PONG_TIMEOUT: Duration = Duration::from_secs(1);

/// What a listener hears.
pub(crate) enum Heard {
    /// A subscription has begun. What was published before is not repeated.
    Begun,
    /// A message.
    Message(Msg),
    /// The subscription has ended.
    Ended,
}

/// Listens to `channel` for ever. `what` names in the log what is listened for.
pub(crate) async fn listen_forever(
    connection: &Connection,
    channel: &str,
    what: &'static str,
    hear: impl Fn(Heard),
) {
    loop {
        if let Err(error) = listen_once(connection, channel, &hear).await {
            tracing::debug!(%error, "cannot listen for {what}");
        }
        hear(Heard::Ended);
        sleep(RESUBSCRIBE_PAUSE).await;
    }
}

/// Listens until the subscription ends, is silent, or may lead to a server of the past.
async fn listen_once(
    connection: &Connection,
    channel: &str,
    hear: impl Fn(Heard),
) -> RedisResult<()> {
    let mut moves = connection.moves();
    let subscribe = async {
        let mut pubsub = connection.client().get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        Ok::<_, redis::RedisError>(pubsub)
    };
    let Ok(pubsub) = timeout(RESPONSE_TIMEOUT, subscribe).await else { return Ok(()) };
    let (sink, mut messages) = pubsub?.split();
    hear(Heard::Begun);
    let listen = async {
        while let Some(message) = messages.next().await {
            hear(Heard::Message(message));
        }
        Ok(())
    };
    tokio::select! {
        ended = listen => ended,
        ended = ping_until_silent(sink) => ended,
        _ = moves.changed() => Ok(()),
    }
}

async fn ping_until_silent(mut sink: PubSubSink) -> RedisResult<()> {
    loop {
        sleep(PING_INTERVAL).await;
        let Ok(pong) = timeout(PONG_TIMEOUT, sink.ping::<Value>()).await else { return Ok(()) };
        pong?;
    }
}
