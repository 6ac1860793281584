//! Hears what other nodes tell.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use altus4_kernel::{ChangeSubscriber, Clock};
use deadpool_redis::redis::{
    Msg, RedisError, Value,
    aio::{PubSubSink, PubSubStream},
};
use futures::{Stream, StreamExt};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{CHANNEL, message};
use crate::client::RedisClient;

/// How often everything that was heard is confirmed.
const PING_INTERVAL: Duration = Duration::from_millis(500);
/// After this time without an answer a connection is given up.
const SILENCE: Duration = Duration::from_secs(1);
/// How long connecting and subscribing may take together.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// The time before a new connection, doubled with each that fails.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Listens for changes until it is dropped.
#[derive(Debug)]
pub struct ChangeListener(JoinHandle<()>);

impl ChangeListener {
    pub(super) fn begin(
        client: RedisClient,
        subscribers: Vec<Arc<dyn ChangeSubscriber>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(tokio::spawn(Ear { client, subscribers, clock }.listen()))
    }
}

impl Drop for ChangeListener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why a connection is no good any more.
#[derive(Debug, thiserror::Error)]
enum Deafness {
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    #[error("the connection was closed")]
    Closed,
    #[error(transparent)]
    Redis(#[from] RedisError),
}

struct Ear {
    client: RedisClient,
    subscribers: Vec<Arc<dyn ChangeSubscriber>>,
    clock: Arc<dyn Clock>,
}

impl Ear {
    async fn listen(self) {
        let mut pause = SHORTEST_PAUSE;
        let mut is_lost = false;
        loop {
            let deafness = match self.subscribe().await {
                Ok((sink, stream)) => {
                    if std::mem::take(&mut is_lost) {
                        tracing::info!(redis.address = self.client.address(), "changes.redis.back");
                    }
                    pause = SHORTEST_PAUSE;
                    // What was told before the subscription nobody heard here.
                    self.tell_gap();
                    let Err(deafness) = self.hear(sink, stream).await;
                    deafness
                }
                Err(deafness) => deafness,
            };
            if !is_lost {
                is_lost = true;
                tracing::warn!(
                    redis.address = self.client.address(),
                    error = %deafness,
                    "changes.redis.lost"
                );
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn subscribe(&self) -> Result<(PubSubSink, PubSubStream), Deafness> {
        let subscribed = async {
            let (mut sink, stream) = self.client.single().get_async_pubsub().await?.split();
            sink.subscribe(CHANNEL).await?;
            Ok((sink, stream))
        };
        timeout(CONNECT_LIMIT, subscribed).await.unwrap_or(Err(Deafness::Silent(CONNECT_LIMIT)))
    }

    /// Hears and confirms as long as Redis answers.
    async fn hear(&self, mut sink: PubSubSink, mut stream: PubSubStream) -> Result<Infallible, Deafness> {
        loop {
            let (sent_at, next) = (self.clock.now(), Instant::now() + PING_INTERVAL);
            let pong = self.hear_until(timeout(SILENCE, sink.ping::<Value>()), &mut stream).await?;
            pong.map_err(|_| Deafness::Silent(SILENCE))??;
            // Redis answers on one connection in order: what came before the pong waits in the stream
            // by now.
            self.hear_what_waits(&mut stream).await?;
            for subscriber in &self.subscribers {
                subscriber.on_confirmed(sent_at);
            }
            self.hear_until(sleep_until(next), &mut stream).await?;
        }
    }

    /// Passes on what is told until the future is ready, and its output.
    async fn hear_until<F: Future>(&self, end: F, stream: &mut PubSubStream) -> Result<F::Output, Deafness> {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                told = stream.next() => self.tell(&told.ok_or(Deafness::Closed)?),
                output = &mut end => return Ok(output),
            }
        }
    }

    async fn hear_what_waits(&self, stream: &mut PubSubStream) -> Result<(), Deafness> {
        // Without a budget, as tokio would otherwise say at some point that nothing waits, to let others
        // have a turn.
        tokio::task::unconstrained(poll_fn(|context| {
            loop {
                match Pin::new(&mut *stream).poll_next(context) {
                    Poll::Ready(Some(told)) => self.tell(&told),
                    Poll::Ready(None) => return Poll::Ready(Err(Deafness::Closed)),
                    Poll::Pending => return Poll::Ready(Ok(())),
                }
            }
        }))
        .await
    }

    fn tell(&self, told: &Msg) {
        match message::read(told.get_payload_bytes()) {
            Some(change) => self.subscribers.iter().for_each(|subscriber| subscriber.on_change(change)),
            // Another version of this program may tell of things that this one doesn't know.
            None => self.tell_gap(),
        }
    }

    fn tell_gap(&self) {
        for subscriber in &self.subscribers {
            subscriber.on_gap();
        }
    }
}
