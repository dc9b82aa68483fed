//! The overview as it changes: server-sent events, each with what the page shows.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::{Stream, stream};
use http::StatusCode;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{Desk, overview, visit::Visit};

/// Pages that follow at once: a quarter of the connections that the address grants.
pub(super) const FOLLOWERS_MAX: usize = 16;

/// How often is looked whether something changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long nothing is sent where nothing changed: "3 min ago" goes on, and a client that left is
/// noticed.
const QUIET_MAX: Duration = Duration::from_secs(15);

/// One page that follows.
struct Follower {
    desk: Arc<Desk>,
    visit: Visit,
    /// What was sent last, and when.
    last: Option<(overview::Shape, Instant)>,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn follow(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    let Ok(place) = Arc::clone(&desk.followers).try_acquire_owned() else {
        let words = &visit.words().refusals;
        return (StatusCode::SERVICE_UNAVAILABLE, words.busy).into_response();
    };
    let follower = Follower { desk, visit, last: None, _place: place };
    Sse::new(events(follower)).into_response()
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    })
}

impl Follower {
    /// The next event; `None` once the service stops or the session is over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.last.is_some() {
                tokio::select! {
                    () = self.desk.stopping.cancelled() => return None,
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
            let session = self.visit.session.as_deref();
            if session.is_some_and(|it| !self.desk.sessions.is_open(it)) {
                return None;
            }
            let Ok((shape, html)) = overview::fragment(&self.desk, &self.visit).await else {
                return None;
            };
            let is_news = self
                .last
                .as_ref()
                .is_none_or(|(last, at)| *last != shape || at.elapsed() >= QUIET_MAX);
            if is_news {
                self.last = Some((shape, Instant::now()));
                return Some(Event::default().data(html));
            }
        }
    }
}
