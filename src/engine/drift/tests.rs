//! Drift, with both accounts simulated and time paused: what people do by hand, and what a run says
//! and does about it.

mod bench;
mod hands;
mod large;
mod made;
mod mending;
