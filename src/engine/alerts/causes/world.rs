//! What is around: keys, clocks, strangers, the disk.

use chrono::TimeDelta;

use super::{Cause, Causes, Event, Snapshot, counted, key};
use crate::{engine::alerts::snapshot::ApiSigns, transport::KeyState};

/// How far clocks may differ. AC's stamps have whole seconds and its answers take some; this is more
/// than both, and far less than `expect_within`.
const CLOCK_MAX: TimeDelta = TimeDelta::minutes(2);

/// Bytes in a megabyte, as disks count them.
const MEGABYTE: u64 = 1_000_000;

pub(super) fn add(snapshot: &Snapshot, causes: &mut Causes) {
    for api in &snapshot.apis {
        wrong_key(api, causes);
        clock(snapshot, api, causes);
    }
    strangers(snapshot, causes);
    disk(snapshot, causes);
}

fn wrong_key(api: &ApiSigns, causes: &mut Causes) {
    let name = api.name;
    match api.key {
        KeyState::Accepted => {}
        KeyState::Unknown => {
            causes.undecided.insert(key(Event::WrongKey, name));
        }
        KeyState::Refused(since) => {
            let (setting, result) = match name {
                "Ploomes" => ("ploomes.user_key", "nothing is written to it"),
                _ => ("activecampaign.api_key", "no contact can be looked up"),
            };
            let text = format!(
                "{name} refuses the key, so {result}. Webhooks are kept. Put `{setting}` right and \
                 restart ponte; `ponte check --online` tells whether it is taken."
            );
            causes.add(Cause::new(Event::WrongKey, name, since, text));
        }
    }
}

fn clock(snapshot: &Snapshot, api: &ApiSigns, causes: &mut Causes) {
    let Some(ahead) = api.ahead else {
        causes.undecided.insert(key(Event::Clock, api.name));
        return;
    };
    if ahead.abs() <= CLOCK_MAX {
        return;
    }
    let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
    let text = format!(
        "The clock of {} is {} s {side} the clock of this machine. Look whether time \
         synchronisation runs here.",
        api.name,
        ahead.abs().num_seconds(),
    );
    causes.add(Cause::new(Event::Clock, api.name, snapshot.now, text));
}

fn strangers(snapshot: &Snapshot, causes: &mut Causes) {
    let hits = snapshot.unknown_tokens;
    if hits == 0 {
        return;
    }
    let text = format!(
        "{} in the last hour came to a webhook URL that no route has. If a token was changed, its \
         webhooks are lost until the URL in ActiveCampaign is changed too.",
        counted(hits, "request")
    );
    let cause = Cause::new(Event::UnknownToken, "", snapshot.now, text);
    causes.add(cause.counting(hits, &[]));
}

fn disk(snapshot: &Snapshot, causes: &mut Causes) {
    let Some(room) = snapshot.room else {
        causes.undecided.insert(key(Event::Disk, ""));
        return;
    };
    if !room.is_low() {
        return;
    }
    let text = format!(
        "The disk of the ledger has {} MB free of {} MB. Without room no webhook can be kept, and \
         ActiveCampaign does not send it again.",
        room.free / MEGABYTE,
        room.size / MEGABYTE
    );
    causes.add(Cause::new(Event::Disk, "", snapshot.now, text));
}
