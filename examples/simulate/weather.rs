//! What goes wrong with both accounts, and for how long.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http::Method;
use ponte::simulator::{
    activecampaign::ActiveCampaign,
    fault::{Fault, FaultBody, Target, When},
    ploomes::Ploomes,
};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::trace::Trace;

/// The faults of both sides.
pub(super) struct Weather<'a> {
    pub(super) activecampaign: &'a ActiveCampaign,
    pub(super) ploomes: &'a Ploomes,
    pub(super) trace: &'a Trace,
    /// Less than this is how long a write may stay invisible.
    pub(super) settle: Duration,
    /// Nobody tells who entered, whatever else works.
    pub(super) without_lists: AtomicBool,
}

impl Weather<'_> {
    /// Changes for ever.
    pub(super) async fn run(&self, mut rng: StdRng) {
        loop {
            self.change(&mut rng);
            tokio::time::sleep(Duration::from_millis(rng.random_range(3_000..40_000))).await;
        }
    }

    /// Refuses the lists of entries for longer than polls overlap, now and then, for ever: what is
    /// asked besides is answered.
    pub(super) async fn refuse_lists(&self, mut rng: StdRng, ever: bool) {
        loop {
            tokio::time::sleep(Duration::from_secs(rng.random_range(2..20))).await;
            self.without_lists.store(ever, Ordering::Relaxed);
            if ever {
                self.refuse_lists_now();
                self.trace.say("weather: nobody tells who entered".to_owned());
            }
            tokio::time::sleep(Duration::from_secs(rng.random_range(70..130))).await;
            self.without_lists.store(false, Ordering::Relaxed);
        }
    }

    fn refuse_lists_now(&self) {
        let target = Target::new(Method::GET, "/contactAutomations");
        self.activecampaign.faults().stand(target, status(500, When::Before));
    }

    fn change(&self, rng: &mut StdRng) {
        self.clear();
        if self.without_lists.load(Ordering::Relaxed) {
            self.refuse_lists_now();
        }
        let what = match rng.random_range(0..12) {
            0..=2 => "fair",
            3..=5 => {
                self.activecampaign.faults().by_chance(rng.random_range(30..250), menu());
                self.ploomes.faults().by_chance(rng.random_range(30..250), menu());
                "showers"
            }
            6 => {
                self.ploomes.faults().by_chance(rng.random_range(400..900), unanswered());
                "answers of Ploomes are lost"
            }
            7 => {
                let fault = outage().choose(rng).cloned().unwrap_or(Fault::Refused);
                self.ploomes.faults().stand(Target::any(), fault);
                "Ploomes is down"
            }
            8 => {
                let fault = outage().choose(rng).cloned().unwrap_or(Fault::Refused);
                self.activecampaign.faults().stand(Target::any(), fault);
                "ActiveCampaign is down"
            }
            9 => {
                let taken = rng.random_range(60..118);
                self.ploomes.switch(|it| it.neighbours = taken);
                "neighbours eat the quota"
            }
            10 => {
                let settle = u64::try_from(self.settle.as_millis()).unwrap_or(u64::MAX);
                let lag = Duration::from_millis(rng.random_range(0..settle.saturating_sub(1_000)));
                let (search, any) = (rng.random_bool(0.7), rng.random_bool(0.5));
                self.ploomes.switch(|it| {
                    it.search_lag = if search { lag } else { Duration::ZERO };
                    it.any_filter_lag = if any { lag } else { Duration::ZERO };
                    it.delayed_apply = if search { Duration::ZERO } else { lag };
                });
                self.ploomes.faults().by_chance(200, unanswered());
                "the index lags"
            }
            _ => {
                let forbidden = status(*[403, 401].choose(rng).unwrap_or(&403), When::Before);
                self.activecampaign.faults().by_chance(100, vec![status(403, When::Before)]);
                self.ploomes.faults().by_chance(60, vec![forbidden]);
                "keys are refused now and then"
            }
        };
        self.trace.say(format!("weather: {what}"));
    }

    /// Nothing goes wrong any more.
    pub(super) fn clear(&self) {
        self.activecampaign.faults().clear();
        self.ploomes.faults().clear();
        self.ploomes.switch(|it| {
            it.neighbours = 0;
            it.search_lag = Duration::ZERO;
            it.any_filter_lag = Duration::ZERO;
            it.delayed_apply = Duration::ZERO;
        });
    }
}

const fn status(code: u16, when: When) -> Fault {
    Fault::Status { code, retry_after: None, body: FaultBody::Json, when }
}

/// Everything that can go wrong with one request.
fn menu() -> Vec<Fault> {
    let mut menu = unanswered();
    menu.extend([
        status(429, When::Before),
        Fault::Status {
            code: 429,
            retry_after: Some(4),
            body: FaultBody::Empty,
            when: When::Before,
        },
        status(500, When::Before),
        Fault::Status {
            code: 503,
            retry_after: Some(2),
            body: FaultBody::Html,
            when: When::Before,
        },
        Fault::Status { code: 502, retry_after: None, body: FaultBody::Text, when: When::Before },
        Fault::Reset(When::Before),
        Fault::Silence(When::Before),
        Fault::Refused,
        Fault::Slow(Duration::from_millis(2_500)),
    ]);
    menu
}

/// The work is done, and nobody is told.
fn unanswered() -> Vec<Fault> {
    vec![
        status(500, When::After),
        status(408, When::After),
        Fault::Status { code: 504, retry_after: None, body: FaultBody::Html, when: When::After },
        Fault::Reset(When::After),
        Fault::Silence(When::After),
        Fault::Truncated,
        Fault::Empty,
        Fault::Slow(Duration::from_secs(12)),
    ]
}

fn outage() -> Vec<Fault> {
    vec![
        Fault::Refused,
        status(503, When::Before),
        status(401, When::Before),
        Fault::Silence(When::Before),
        Fault::Reset(When::Before),
        Fault::Empty,
    ]
}
