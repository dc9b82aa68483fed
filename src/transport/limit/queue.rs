//! Who waits, in which lane, and who is next.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::Notify;

use crate::domain::Lane;

/// A place in a lane; earlier places have smaller numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    lane: Lane,
    number: u64,
}

/// How many turns in a row a lane takes while a lower one waits; the next is for those below it.
///
/// The first is the floor of 10 % that the lower lanes have together. Among themselves they differ
/// less: every fourth turn goes further down.
const TURNS_IN_A_ROW: [u32; 3] = [9, 3, 3];

/// The lanes of waiters.
#[derive(Default)]
pub(super) struct Queue {
    lanes: [BTreeMap<u64, Arc<Notify>>; 4],
    /// Turns that each lane has taken in a row while a lower one waited.
    taken: [u32; 3],
    next: u64,
}

impl Queue {
    /// Takes a place at the end of `lane`; `notify` is told when it may be the first.
    pub(super) fn join(&mut self, lane: Lane, notify: Arc<Notify>) -> Ticket {
        let number = self.next;
        self.next += 1;
        self.lanes[lane as usize].insert(number, notify);
        Ticket { lane, number }
    }

    /// Gives a place up; `false` where it was served already.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        self.lanes[ticket.lane as usize].remove(&ticket.number).is_some()
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<Ticket> {
        let waits = |lane: Lane| !self.lanes[lane as usize].is_empty();
        let lane = Lane::ALL.into_iter().find(|&lane| {
            let spent = TURNS_IN_A_ROW.get(lane as usize).is_some_and(|&turns| {
                self.taken[lane as usize] >= turns && self.somebody_below(lane)
            });
            waits(lane) && !spent
        })?;
        let (&number, _) = self.lanes[lane as usize].first_key_value()?;
        Some(Ticket { lane, number })
    }

    /// Lets the first go, and counts the turn.
    pub(super) fn serve(&mut self, ticket: Ticket) {
        let index = ticket.lane as usize;
        let below = self.somebody_below(ticket.lane);
        self.leave(ticket);
        // Lanes above have had somebody from below served: their count begins anew.
        self.taken[..index].fill(0);
        if let Some(taken) = self.taken.get_mut(index) {
            *taken = if below { *taken + 1 } else { 0 };
        }
    }

    /// Tells whoever is first that it may be its turn.
    pub(super) fn wake_first(&self) {
        if let Some(ticket) = self.first()
            && let Some(notify) = self.lanes[ticket.lane as usize].get(&ticket.number)
        {
            notify.notify_one();
        }
    }

    /// Tells everybody to look again.
    pub(super) fn wake_all(&self) {
        self.lanes.iter().flat_map(BTreeMap::values).for_each(|notify| notify.notify_one());
    }

    fn somebody_below(&self, lane: Lane) -> bool {
        self.lanes[lane as usize + 1..].iter().any(|lane| !lane.is_empty())
    }
}
