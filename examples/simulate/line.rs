//! The way of a request to a simulated account: it takes time, is noted, and may be cut by a crash.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use ponte::{
    clock::Clock,
    transport::{Remote, WireError},
};
use rand::{Rng as _, rngs::StdRng};

use super::{fuse::Fuse, trace::Trace};

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>>;

/// The longest way there, and back: less than the limiter's slack for it.
const WAY_MS_MAX: u64 = 180;

/// So much of an answer is shown: enough for the id of what was made.
const SHOWN: usize = 160;

/// A way to an account.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) to: Arc<dyn Remote>,
    pub(super) clock: Clock,
    pub(super) fuse: Arc<Fuse>,
    pub(super) trace: Arc<Trace>,
    pub(super) rng: Mutex<StdRng>,
}

impl Line {
    async fn way(&self) {
        let way = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            rng.random_range(1..=WAY_MS_MAX)
        };
        tokio::time::sleep(Duration::from_millis(way)).await;
    }

    fn say(&self, what: &str) {
        let now = self.clock.now().format("%H:%M:%S%.3f");
        self.trace.say(format!("{now} {} {what}", self.name));
    }
}

impl Remote for Line {
    fn call(&self, request: Request<Bytes>) -> Answer<'_> {
        Box::pin(async move {
            self.fuse.pass().await;
            self.way().await;
            self.fuse.pass().await;
            let method = request.method().clone();
            let what = format!("{method} {}", request.uri());
            let body = String::from_utf8_lossy(request.body()).into_owned();
            let answer = self.to.call(request).await;
            match &answer {
                Ok(answer) => {
                    let start = &answer.body()[..answer.body().len().min(SHOWN)];
                    let start = String::from_utf8_lossy(start);
                    self.say(&format!("{what} {body} -> {} {start}", answer.status().as_u16()));
                }
                Err(error) => self.say(&format!("{what} {body} -> {error}")),
            }
            if method != Method::GET {
                self.fuse.wrote().await;
            }
            self.way().await;
            self.fuse.pass().await;
            answer
        })
    }
}
