//! Sends webhooks as `ActiveCampaign` does: once, for five seconds, and never again.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use http::{Method, Request, StatusCode, Uri, header::CONTENT_TYPE};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{ActiveCampaign, outbox::Outgoing};
use crate::transport::Wire;

/// How long a receiver has; then the step is marked as failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests at the same time: a burst reaches a receiver as many at once, but not as thousands.
const AT_ONCE: usize = 64;

/// How long nothing is looked at where nothing is due.
const IDLE: Duration = Duration::from_mins(1);

/// Where webhooks go.
#[derive(Clone)]
pub struct Receiver {
    /// In process, or over sockets to this machine.
    pub wire: Wire,
    /// Put before targets that are only a path, such as `http://127.0.0.1:8080`.
    pub base: String,
}

impl ActiveCampaign {
    /// Sends webhooks when they are due, until told to stop.
    ///
    /// What is on its way then is given up; what is queued stays queued.
    pub async fn send_webhooks(&self, receiver: Receiver, stopping: CancellationToken) {
        let mut under_way: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        loop {
            for outgoing in self.take_due_at_most(AT_ONCE - under_way.len()) {
                let receiver = receiver.clone();
                under_way.push(Box::pin(async move { self.deliver(&receiver, outgoing).await }));
            }
            let wait = if under_way.len() < AT_ONCE { self.until_due() } else { IDLE };
            tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                Some(()) = under_way.next() => {}
                // Kept when it comes while nobody waits, so that nothing slips in between.
                () = self.0.news.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Sends what is due now, one after the other; says how many that were.
    pub async fn send_due(&self, receiver: &Receiver) -> usize {
        let due = self.take_due();
        let count = due.len();
        for outgoing in due {
            self.deliver(receiver, outgoing).await;
        }
        count
    }

    /// When something is next due: a webhook, or a step that waits.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        let steps = state.model.agenda.first_key_value().map(|(at, _)| *at);
        [steps, state.model.outbox.due()].into_iter().flatten().min()
    }

    /// Takes out the webhooks that are due, to be sent by the caller, who says how it went with
    /// [`ActiveCampaign::sent`].
    pub fn take_due(&self) -> Vec<Outgoing> {
        self.take_due_at_most(usize::MAX)
    }

    /// Says how the sending of a webhook ended: with a status, or without any.
    pub fn sent(&self, outgoing: &Outgoing, status: Option<u16>) {
        let taken = status.is_some_and(|it| (200..300).contains(&it));
        let mut state = self.lock();
        state.model.outbox.settle(outgoing.record, taken);
        let gone = status == Some(StatusCode::GONE.as_u16());
        if let Some(hook) = outgoing.hook.filter(|_| gone) {
            // For good, until a person makes it anew.
            state.model.hooks[hook].1 = false;
        }
    }

    fn take_due_at_most(&self, most: usize) -> Vec<Outgoing> {
        let now = self.now();
        let mut state = self.lock();
        state.model.settle(now);
        state.model.outbox.take(now, most)
    }

    fn until_due(&self) -> Duration {
        let wait = self.due().map(|at| at.signed_duration_since(self.now()));
        // Rounded up: a timer that fires a moment too early would spin.
        wait.map_or(IDLE, |it| it.to_std().unwrap_or_default() + Duration::from_millis(1)).min(IDLE)
    }

    async fn deliver(&self, receiver: &Receiver, outgoing: Outgoing) {
        let url = if outgoing.target.starts_with('/') {
            format!("{}{}", receiver.base, outgoing.target)
        } else {
            outgoing.target.clone()
        };
        let status = timeout(PATIENCE, post(&receiver.wire, &url, outgoing.body.clone())).await;
        self.sent(&outgoing, status.ok().flatten());
    }
}

/// The status, where an answer came.
async fn post(wire: &Wire, url: &str, body: String) -> Option<u16> {
    let uri: Uri = url.parse().ok()?;
    let kind = "application/x-www-form-urlencoded; charset=UTF-8";
    match wire {
        Wire::InProcess(remote) => {
            let request = Request::builder()
                .method(Method::POST)
                .uri(uri)
                .header(CONTENT_TYPE, kind)
                .body(Bytes::from(body))
                .ok()?;
            Some(remote.call(request).await.ok()?.status().as_u16())
        }
        Wire::Http(client) => {
            // A simulator that posted invented people to the internet would be a real problem.
            let host = uri.host().filter(|it| matches!(*it, "127.0.0.1" | "[::1]" | "localhost"));
            host?;
            let request = client.post(url).header(CONTENT_TYPE, kind).body(body);
            Some(request.send().await.ok()?.status().as_u16())
        }
    }
}
