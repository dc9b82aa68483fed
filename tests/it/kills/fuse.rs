//! Kills a process at a chosen event, not at a chosen time.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use ponte::transport::{Remote, WireError};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{sync::watch, time::timeout};

use super::PATIENCE;

/// Counts what the world sees of `ponte`: each request that comes, each answer to it, each receipt.
///
/// Kills in the very call that counts the last one, so that a number says on which side of which
/// call it was.
#[derive(Default)]
pub struct Fuse {
    seen: watch::Sender<u64>,
    armed: Mutex<Option<(u64, Pid)>>,
}

impl Fuse {
    /// Something was seen.
    pub fn hit(&self) {
        let mut armed = self.armed.lock().unwrap();
        self.seen.send_modify(|seen| *seen += 1);
        let now = *self.seen.borrow();
        if let Some((_, pid)) = armed.take_if(|(at, _)| now >= *at) {
            kill_process(pid, Signal::KILL).unwrap();
        }
    }

    /// Kills this process when so many more were seen.
    pub fn arm(&self, pid: Pid, after: u64) {
        let at = *self.seen.borrow() + after;
        *self.armed.lock().unwrap() = Some((at, pid));
    }

    /// Waits until so many more were seen.
    pub async fn passed(&self, count: u64) {
        let mut seen = self.seen.subscribe();
        let at = *seen.borrow() + count;
        let passed = timeout(PATIENCE, seen.wait_for(|seen| *seen >= at)).await;
        passed.expect("something is seen in time").unwrap();
    }
}

/// A service whose requests and answers are counted.
pub struct Watched {
    /// The service.
    pub remote: Arc<dyn Remote>,
    /// What counts.
    pub fuse: Arc<Fuse>,
}

impl Remote for Watched {
    fn call<'a>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            self.fuse.hit();
            let answer = self.remote.call(request).await;
            self.fuse.hit();
            answer
        })
    }
}
