//! Ends the engine at a point that nobody chose, and lets tasks overtake each other.
//!
//! Every piece of work of the ledger and every request passes here before and after. Once the fuse
//! is burnt nobody comes past it any more: what is then dropped is as a killed process leaves it.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use ponte::ledger::handle::Turns;
use rand::{Rng as _, rngs::StdRng};
use tokio::sync::Notify;

/// What ends the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// Nothing.
    Never,
    /// So many points passed.
    After(u64),
    /// So many writes to Ploomes, between the write and its answer.
    Written(u64),
    /// So many webhooks, once the answer is out: what was said to be kept must be.
    Answered(u64),
}

/// Burns while an engine runs.
pub(super) struct Fuse {
    state: Mutex<State>,
    burnt: Notify,
}

struct State {
    rng: StdRng,
    ends: Ends,
    dead: bool,
}

impl Fuse {
    pub(super) fn new(rng: StdRng, ends: Ends) -> Self {
        Self { state: Mutex::new(State { rng, ends, dead: false }), burnt: Notify::new() }
    }

    /// Ends once the fuse is burnt.
    pub(super) async fn burnt(&self) {
        let burnt = self.burnt.notified();
        if !self.lock().dead {
            burnt.await;
        }
    }

    /// Somebody passes: maybe after others, maybe never.
    pub(super) async fn pass(&self) {
        let yields = {
            let mut state = self.lock();
            if let Ends::After(left) = &mut state.ends {
                *left = left.saturating_sub(1);
                state.dead |= state.ends == Ends::After(0);
            }
            state.rng.random_range(0..4_u32).saturating_sub(1)
        };
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        self.stop_where_dead().await;
    }

    /// A write was applied, and its answer is on its way.
    pub(super) async fn wrote(&self) {
        {
            let mut state = self.lock();
            if let Ends::Written(left) = &mut state.ends {
                *left = left.saturating_sub(1);
                state.dead |= state.ends == Ends::Written(0);
            }
        }
        self.stop_where_dead().await;
    }

    /// A webhook was answered.
    pub(super) fn answered(&self) {
        let is_over = {
            let mut state = self.lock();
            if let Ends::Answered(left) = &mut state.ends {
                *left = left.saturating_sub(1);
                state.dead |= state.ends == Ends::Answered(0);
            }
            state.dead
        };
        if is_over {
            self.burnt.notify_one();
        }
    }

    /// The engine is gone: what it left running passes nowhere any more.
    pub(super) fn blow(&self) {
        self.lock().dead = true;
    }

    async fn stop_where_dead(&self) {
        if self.lock().dead {
            self.burnt.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns for Fuse {
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.pass())
    }
}
