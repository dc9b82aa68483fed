//! What a seed decides before anything begins: the configuration, and how both accounts behave.

use std::{fmt::Write as _, time::Duration};

use chrono::TimeDelta;
use ponte::{
    config::{self, Config},
    simulator::{
        activecampaign::{self, MergeRules, Throttle, WebhookLuck},
        ploomes::{self, LimiterKind, PatchMode, standard::Custom},
    },
};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

/// What a seed decides.
pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) activecampaign: activecampaign::Switches,
    pub(super) ploomes: ploomes::Switches,
    /// How long people act.
    pub(super) acting: Duration,
    /// From one deed to the next, on average.
    pub(super) every: Duration,
    /// How long a write that went unanswered may be on its way.
    pub(super) settle: Duration,
    pub(super) expect_within: Duration,
    pub(super) per_minute: u32,
    /// Clocks are stepped while the engine runs.
    pub(super) steps_clock: bool,
    /// How far, in seconds.
    pub(super) steps: [i64; 3],
    /// How far our clock is from the right time at the start.
    pub(super) skew: TimeDelta,
    /// People ask to be erased.
    pub(super) erases: bool,
    /// What goes wrong besides.
    pub(super) besides: Besides,
    /// From one end of the engine to the next, on average; `None`: it is never ended.
    pub(super) lives: Option<Duration>,
}

/// What goes wrong in some seeds only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Besides {
    Nothing,
    /// Now and then nobody tells who entered, for longer than polls overlap.
    ListsFail,
    /// The engine may end as soon as a webhook is answered.
    EndsAnswered,
}

/// When reconciliations are due: not while a seed is played, or each two minutes.
const NIGHTLY: &str = "0 0 2 * * *";
const OFTEN: &str = "0 */2 * * * *";

/// One of these.
fn one<T: Copy>(rng: &mut StdRng, of: &[T]) -> T {
    *of.choose(rng).expect("there is a choice")
}

impl Plan {
    pub(super) fn draw(seed: u64) -> Self {
        let rng = &mut super::rng(seed, "plan");
        let settle = one(rng, &[4, 10, 20]);
        let expect_within = one(rng, &[20, 60]);
        let per_minute = one(rng, &[30, 60, 100]);
        let skew = one(rng, &[0, 0, 0, -590, 590]);
        let ahead = one(rng, &[0, 0, 0, -590, 590]);
        let steps_clock = rng.random_ratio(1, 6);
        // Drawn apart from all else, so that a seed that found something goes on to mean the same.
        let more = &mut super::rng(seed, "more");
        let all = [Besides::Nothing, Besides::Nothing, Besides::ListsFail, Besides::EndsAnswered];
        let besides = one(more, &all);
        // Polls overlap by less than the lists fail, which takes clocks that are right.
        let lists_fail = besides == Besides::ListsFail;
        let (skew, ahead) = if lists_fail { (0, 0) } else { (skew, ahead) };
        let steps_clock = steps_clock && !lists_fail;
        // Ten minutes apart are allowed, and not twenty (seed 2451).
        let skew = if steps_clock { 0 } else { skew };
        // Clocks that are apart need an overlap that is longer than they are.
        let apart = steps_clock || skew != 0 || ahead != 0;
        // A route begins at its first start; by a clock that is stepped in its first minutes, nobody
        // can say when that was.
        let since = if steps_clock { "since = \"2026-03-01\"" } else { "" };
        let overlap = if apart { "24h" } else { one(rng, &["2m", "24h"]) };
        let overlap = if lists_fail { "20s" } else { overlap };
        let mut text = text(rng, (settle, expect_within, per_minute), overlap, since);
        if lists_fail {
            // Nobody else comes and finds what polls miss.
            text = text.replace(OFTEN, NIGHTLY);
        }
        let loaded = config::parse("the simulation's configuration", &text);
        let config = loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}")).config;
        Self {
            config,
            activecampaign: {
                let mut it = activecampaign(rng, TimeDelta::seconds(ahead));
                let lost = &mut it.webhooks.dropped_per_mille;
                *lost = if lists_fail { (*lost).max(300) } else { *lost };
                it
            },
            ploomes: ploomes(rng),
            acting: Duration::from_secs(
                rng.random_range(40..150) + if lists_fail { 60 } else { 0 },
            ),
            every: Duration::from_millis(rng.random_range(2_000..9_000)),
            settle: Duration::from_secs(settle),
            expect_within: Duration::from_secs(expect_within),
            per_minute,
            steps_clock,
            steps: one(rng, &[[0, 60, 600], [0, -60, -600]]),
            skew: TimeDelta::seconds(skew),
            erases: rng.random_ratio(1, 4),
            besides,
            lives: one(rng, &[None, Some(8), Some(30), Some(60)]).map(Duration::from_secs),
        }
    }
}

fn activecampaign(rng: &mut StdRng, clock_skew: TimeDelta) -> activecampaign::Switches {
    activecampaign::Switches {
        webhooks: WebhookLuck {
            dropped_per_mille: one(rng, &[0, 100, 300, 1000]),
            duplicated_per_mille: one(rng, &[0, 100, 300]),
            overtaken_per_mille: one(rng, &[0, 100, 300]),
            overtaken_by: Duration::from_secs(one(rng, &[3, 30, 90])),
            delay_min: Duration::from_millis(20),
            delay_max: Duration::from_secs(one(rng, &[1, 10])),
            ..WebhookLuck::default()
        },
        merge: MergeRules {
            new_ids: rng.random_bool(0.5),
            same_automation_vanishes: rng.random_bool(0.3),
        },
        throttle: Throttle { per_second: Some(5), ..Throttle::default() },
        rows_late: Duration::from_secs(one(rng, &[0, 0, 3])),
        clock_skew,
        ..activecampaign::Switches::default()
    }
}

fn ploomes(rng: &mut StdRng) -> ploomes::Switches {
    ploomes::Switches {
        limiter: one(rng, &[LimiterKind::Sliding, LimiterKind::Fixed, LimiterKind::Bucket]),
        patch: one(rng, &[PatchMode::MergeOtherProperties, PatchMode::ReplaceAll]),
        retry_after: rng.random_bool(0.5),
        throttled_empty: rng.random_ratio(1, 4),
        bare_object: rng.random_bool(0.5),
        post_status: one(rng, &[200, 201]),
        case_sensitive: rng.random_ratio(1, 4),
        ..ploomes::Switches::default()
    }
}

fn text(
    rng: &mut StdRng,
    (settle, within, per_minute): (u64, u64, u32),
    overlap: &str,
    since: &str,
) -> String {
    let mut text = format!(
        r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "simulated-activecampaign-key"
requests_per_second = 4
timeout = "8s"
[ploomes]
url = "http://127.0.0.1:9"
user_key = "simulated-ploomes-key"
requests_per_minute = {per_minute}
timeout = "8s"
settle = "{settle}s"
"#
    );
    if rng.random_bool(0.3) {
        let _ = writeln!(text, "lead_key_field = \"{}\"", Custom::Text.of_deals());
    }
    let _ = write!(
        text,
        r#"
[ledger]
path = "ponte.db"
[schedule]
poll = "*/{poll} * * * * *"
reconcile = "{reconcile}"
overlap = "{overlap}"
[retry]
first = "1s"
max = "15s"
attempts = 4
give_up = "{give_up}"
[reconcile]
drift = "{drift}"
"#,
        poll = one(rng, &[20, 30]),
        reconcile = one(rng, &[NIGHTLY, OFTEN]),
        give_up = one(rng, &["1h", "1h", "3m"]),
        drift = one(rng, &["off", "report", "repair"]),
    );
    text.push_str(&routes(rng, within, since));
    text
}

/// One or two automations, and sometimes a tag.
fn routes(rng: &mut StdRng, within: u64, since: &str) -> String {
    let skip = rng.random_bool(0.3);
    let mut text = format!(
        r#"
[[route]]
name = "site"
webhook_token = "token-of-the-site"
automation = 1
expect_within = "{within}s"
{since}
create = "{create}"
pipeline = "Vendas"
stage = "Lead novo"
skip_if_open_deal = {skip}
origin = "ActiveCampaign"
tags = ["lead"]
"#,
        create = one(rng, &["company-person-deal", "company-person-deal", "person-deal"]),
    );
    if rng.random_bool(0.3) {
        text.push_str("note = \"Entrou por {{ automation.name }}\"\n");
    }
    if rng.random_bool(0.7) {
        let skip = rng.random_bool(0.3);
        let _ = write!(
            text,
            r#"
[[route]]
name = "event"
webhook_token = "token-of-the-event"
automation = 2
expect_within = "{within}s"
{since}
create = "person-deal"
pipeline = "Pós-venda"
stage = "Implantação"
skip_if_open_deal = {skip}
"#
        );
    }
    if rng.random_bool(0.3) {
        let _ = write!(
            text,
            r#"
[[route]]
name = "vip"
webhook_token = "token-of-the-vips"
tag = "VIP"
expect_within = "{within}s"
{since}
create = "company-person"
"#
        );
    }
    text
}
