//! `ponte` brings leads from ActiveCampaign into Ploomes, each exactly once, and proves that none
//! was lost.
//!
//! ```text
//!  ActiveCampaign                                                                     Ploomes
//!    │ POST                                                                              ▲ one step
//!    ▼                                                                                   │ at a time
//!  receiver ─▶ delivery ─┐                                                               │
//!  poll     ─────────────┼─▶ inbox ─▶ match ─▶ leads ─▶ observe ─▶ Situation ─▶ plan ─▶ execute
//!  reconcile ────────────┤  (R, C,   reads AC          reads        (value)     PURE      │
//!  replay, retry ────────┘   lane,                     Ploomes                    │       ▼
//!                            due_at)                                              ▼   journal: sent → done
//!                               ▲                                          Display: dry run,  lead, history
//!                               │                                          explain, replay    │
//!                               └───────────────────────── ledger ◀────────────────────────────┘
//! ```
//!
//! The modules, in reading order:

pub mod activecampaign;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod ledger;
pub mod mutation;
pub mod planner;
pub mod ploomes;
pub mod report;
pub mod rules;
pub mod simulator;
pub mod telemetry;
pub mod transport;
pub mod web;
