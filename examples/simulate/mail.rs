//! Brings webhooks to the receiver as ActiveCampaign does: once, for five seconds, never again.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::{Request, header::CONTENT_TYPE};
use ponte::{
    domain::ContactId,
    simulator::activecampaign::{ActiveCampaign, Outgoing},
    web::Receiver,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{fuse::Fuse, trace::Trace};

/// How long a receiver has.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked at whether something is due.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A receiver, until it is shut, and what ends its engine.
type Door = (Receiver, CancellationToken, Arc<Fuse>);

/// The post between ActiveCampaign and the receiver.
pub(super) struct Mail {
    account: ActiveCampaign,
    trace: Arc<Trace>,
    door: Mutex<Option<Door>>,
    /// What ActiveCampaign never sent: forged, broken, for nobody.
    strange: Mutex<VecDeque<(String, String)>>,
    /// Answers 200 that the other side saw, by the contact that caused the webhook.
    taken: Mutex<BTreeMap<Option<ContactId>, usize>>,
}

impl Mail {
    pub(super) fn new(account: ActiveCampaign, trace: Arc<Trace>) -> Self {
        Self {
            account,
            trace,
            door: Mutex::default(),
            strange: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    /// From now on there is a receiver.
    pub(super) fn open(&self, receiver: Receiver, fuse: &Arc<Fuse>) {
        *lock(&self.door) = Some((receiver, CancellationToken::new(), Arc::clone(fuse)));
    }

    /// From now on there is none; what is on its way breaks.
    pub(super) fn shut(&self) {
        if let Some((_, open, _)) = lock(&self.door).take() {
            open.cancel();
        }
    }

    /// Posts something that no contact caused.
    pub(super) fn strange(&self, path: &str, body: &str) {
        lock(&self.strange).push_back((path.to_owned(), body.to_owned()));
    }

    /// How many deliveries the receiver said that it has, by the contact that caused them.
    pub(super) fn taken(&self) -> BTreeMap<Option<ContactId>, usize> {
        lock(&self.taken).clone()
    }

    /// Brings what is due, for ever.
    pub(super) async fn run(&self) {
        let mut under_way = FuturesUnordered::new();
        loop {
            for outgoing in self.account.take_due() {
                under_way.push(self.bring(Some(outgoing), String::new(), String::new()));
            }
            let strange: Vec<_> = lock(&self.strange).drain(..).collect();
            for (path, body) in strange {
                under_way.push(self.bring(None, path, body));
            }
            tokio::select! {
                biased;
                Some(()) = under_way.next() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn bring(&self, outgoing: Option<Outgoing>, path: String, body: String) {
        let (path, body) = match &outgoing {
            Some(it) => (it.target.clone(), it.body.clone()),
            None => (path, body),
        };
        let door = lock(&self.door).clone();
        let status = match &door {
            Some((receiver, open, _)) => {
                let posted = timeout(PATIENCE, post(receiver.clone(), &path, body));
                tokio::select! {
                    biased;
                    () = open.cancelled() => None,
                    status = posted => status.ok(),
                }
            }
            None => None,
        };
        if status == Some(200) {
            let record = outgoing.as_ref().map(|it| it.record);
            let contact = record.map(|it| self.account.webhooks()[it].contact);
            *lock(&self.taken).entry(contact).or_default() += 1;
            if let Some((_, _, fuse)) = &door {
                fuse.answered();
            }
        }
        self.trace.say(format!(
            "{} webhook {path} -> {status:?}",
            self.account.now().format("%H:%M:%S%.3f")
        ));
        if let Some(outgoing) = outgoing {
            self.account.sent(&outgoing, status);
        }
    }
}

async fn post(receiver: Receiver, path: &str, body: String) -> u16 {
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request");
    let Ok(answer) = receiver.oneshot(request).await;
    answer.status().as_u16()
}

fn lock<T>(it: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
