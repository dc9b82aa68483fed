//! What goes wrong with a request, by a seed or as a test says.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// On which side of the work a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing was changed.
    Before,
    /// The change was made, and only its answer is lost.
    After,
}

/// What stands in the body of a fault's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultBody {
    /// Nothing.
    Empty,
    /// Plain text.
    Text,
    /// An HTML page, as a firewall in front sends it.
    Html,
    /// JSON in the API's own error shape.
    Json,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An answer with this status instead of the right one.
    Status {
        /// Such as 429, 403, 500, 503.
        code: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// The body.
        body: FaultBody,
        /// Before or after the work.
        when: When,
    },
    /// The connection breaks.
    Reset(When),
    /// No answer ever comes.
    Silence(When),
    /// The connection is refused.
    Refused,
    /// The work is done, and the answer is cut in the middle.
    Truncated,
    /// The work is done, and the answer is 200 with nothing in it: an empty body, or `value: []`.
    Empty,
    /// The work is done, and the answer comes late.
    Slow(Duration),
}

/// Which requests a planned fault is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Only this method.
    pub method: Option<Method>,
    /// Only paths that contain this.
    pub path: String,
}

impl Target {
    /// Every request.
    pub const fn any() -> Self {
        Self { method: None, path: String::new() }
    }

    /// Requests with this method whose path contains `path`.
    pub fn new(method: Method, path: &str) -> Self {
        Self { method: Some(method), path: path.to_owned() }
    }

    fn fits(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|it| it == method) && path.contains(&self.path)
    }
}

/// Decides what goes wrong: first what a test planned, else by chance.
pub struct Faults(Mutex<State>);

struct State {
    rng: StdRng,
    /// How often by chance: in so many of a thousand requests.
    per_mille: u32,
    /// What happens by chance, each equally likely.
    menu: Vec<Fault>,
    planned: VecDeque<(Target, Fault)>,
    standing: Vec<(Target, Fault)>,
}

impl Faults {
    /// Nothing goes wrong until it is asked for.
    pub fn none(seed: u64) -> Self {
        Self(Mutex::new(State {
            rng: StdRng::seed_from_u64(seed),
            per_mille: 0,
            menu: Vec::new(),
            planned: VecDeque::new(),
            standing: Vec::new(),
        }))
    }

    /// From now on, one of `menu` strikes `per_mille` of a thousand requests.
    pub fn by_chance(&self, per_mille: u32, menu: Vec<Fault>) {
        let mut state = self.lock();
        state.per_mille = per_mille;
        state.menu = menu;
    }

    /// Strikes the next request that fits, once.
    pub fn plan(&self, target: Target, fault: Fault) {
        self.lock().planned.push_back((target, fault));
    }

    /// Strikes every request that fits, until [`Faults::clear`].
    pub fn stand(&self, target: Target, fault: Fault) {
        self.lock().standing.push((target, fault));
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.per_mille = 0;
        state.menu.clear();
        state.planned.clear();
        state.standing.clear();
    }

    /// How many planned faults have not struck yet.
    pub fn planned(&self) -> usize {
        self.lock().planned.len()
    }

    /// What goes wrong with this request.
    pub fn strike(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut state = self.lock();
        if let Some(at) = state.planned.iter().position(|(target, _)| target.fits(method, path)) {
            return state.planned.remove(at).map(|(_, fault)| fault);
        }
        if let Some((_, fault)) =
            state.standing.iter().find(|(target, _)| target.fits(method, path))
        {
            return Some(fault.clone());
        }
        if state.menu.is_empty() || state.per_mille == 0 {
            return None;
        }
        if state.rng.random_range(0..1000) >= state.per_mille {
            return None;
        }
        let choices = state.menu.len();
        let pick = state.rng.random_range(0..choices);
        Some(state.menu[pick].clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
