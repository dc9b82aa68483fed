//! Bars for each day: leads whose webhook came upwards, leads without downwards, at one scale.

use chrono::{Days, NaiveDate};

use super::words::Words;
use crate::ledger::report::{DAYS_MAX, Day};

/// Lengths of the drawing, in its own units.
const WIDTH: i64 = 1_020;
/// For the number at the top line; what is left divides by sixty.
const LEFT: i64 = 40;
/// For half the name of the last day.
const RIGHT: i64 = 20;
/// What all bars may take together, up and down.
const HEIGHT: i64 = 150;
/// Above the bars, and below them for numbers and days.
const TOP: i64 = 8;
const BELOW: i64 = 34;
/// What is there is seen, however little it is beside the rest.
const BAR_MIN: i64 = 3;
/// A day of few is not drawn as wide as a week.
const SLOT_MAX: i64 = 44;
/// A day's name needs so much room.
const NAME: i64 = 46;
/// A digit of a number below a bar needs so much.
const DIGIT: i64 = 7;
/// Days that are drawn even where there are fewer: a week.
const DAYS_MIN: u64 = 7;

/// The chart of a route.
pub(super) struct Chart {
    pub(super) route: String,
    pub(super) received: String,
    pub(super) missed: String,
    pub(super) days: String,
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) left: i64,
    pub(super) right: i64,
    /// Where the line between the two stands.
    pub(super) axis: i64,
    /// Where the line of the most that came stands, and how many that is.
    pub(super) top: i64,
    pub(super) most: String,
    pub(super) bars: Vec<Bar>,
    pub(super) names: Vec<Name>,
}

/// A day.
pub(super) struct Bar {
    pub(super) x: i64,
    pub(super) width: i64,
    pub(super) up: i64,
    pub(super) down: i64,
    /// The middle, for the number of those that were missed; empty where it has no room.
    pub(super) middle: i64,
    pub(super) count: String,
    pub(super) title: String,
}

/// A day's name.
pub(super) struct Name {
    pub(super) x: i64,
    pub(super) text: String,
}

/// The charts of `routes`, up to `last`; a route in which nothing happened has none.
pub(super) fn charts(
    days: &[Day],
    routes: &[String],
    last: NaiveDate,
    words: &Words,
) -> Vec<Chart> {
    let chart = |route: &String| {
        let of: Vec<&Day> = days.iter().filter(|it| it.route == *route).collect();
        (!of.is_empty()).then(|| chart(route, &of, last, words))
    };
    routes.iter().filter_map(chart).collect()
}

fn chart(route: &str, days: &[&Day], last: NaiveDate, words: &Words) -> Chart {
    let most = |of: fn(&Day) -> i64| days.iter().map(|it| of(it)).max().unwrap_or_default();
    let sum = |of: fn(&Day) -> i64| days.iter().map(|it| of(it)).sum::<i64>();
    let (up_most, down_most) = (most(|it| it.received), most(|it| it.missed));
    let whole = (up_most + down_most).max(1);
    let length = |count: i64| match count {
        0 => 0,
        count => (count * HEIGHT / whole).max(BAR_MIN),
    };
    let axis = TOP + length(up_most);
    let shown = days_shown(days, last);
    let slot =
        ((WIDTH - LEFT - RIGHT) / i64::try_from(shown.len()).unwrap_or(1).max(1)).min(SLOT_MAX);
    let bars = (0_i64..).zip(&shown).map(|(index, day)| {
        let found = days.iter().find(|it| it.day == *day);
        let (received, missed) = found.map_or((0, 0), |it| (it.received, it.missed));
        let x = LEFT + index * slot;
        let count = words.number(missed);
        let has_room = missed > 0 && length_of(&count) <= slot + 8;
        let (day, heads) = (day.format(words.day), &words.heads);
        let title = format!(
            "{day}: {} {}, {} {}",
            words.number(received),
            heads.by_webhook,
            count,
            heads.missed_bar
        );
        Bar {
            x: x + slot / 8,
            width: slot - slot / 4,
            up: length(received),
            down: length(missed),
            middle: x + slot / 2,
            count: if has_room { count } else { String::new() },
            title,
        }
    });
    let number = i64::try_from(shown.len()).unwrap_or_default();
    Chart {
        route: route.to_owned(),
        received: words.number(sum(|it| it.received)),
        missed: words.number(sum(|it| it.missed)),
        days: (words.heads.days)(&words.number(number), number == 1),
        width: WIDTH,
        height: axis + length(down_most) + BELOW,
        left: LEFT,
        right: WIDTH - RIGHT,
        axis,
        top: TOP,
        most: if up_most > 0 { words.number(up_most) } else { String::new() },
        bars: bars.collect(),
        names: names(&shown, slot, words),
    }
}

fn length_of(number: &str) -> i64 {
    i64::try_from(number.len()).unwrap_or(i64::MAX).saturating_mul(DIGIT)
}

/// Every day from the first with anything on, at least a week, to the last.
fn days_shown(days: &[&Day], last: NaiveDate) -> Vec<NaiveDate> {
    let first = days.iter().map(|it| it.day).min().unwrap_or(last);
    let number = u64::try_from((last - first).num_days()).unwrap_or_default() + 1;
    let number = number.clamp(DAYS_MIN, DAYS_MAX);
    (0..number).rev().filter_map(|before| last.checked_sub_days(Days::new(before))).collect()
}

/// The last day has its name, and of the days before it those that have room.
fn names(shown: &[NaiveDate], slot: i64, words: &Words) -> Vec<Name> {
    let each = usize::try_from((NAME + slot - 1) / slot).unwrap_or(1).max(1);
    let places: Vec<(i64, &NaiveDate)> = (0..).zip(shown).collect();
    let name = |(index, day): (i64, &NaiveDate)| Name {
        x: LEFT + index * slot + slot / 2,
        text: day.format(words.short_day).to_string(),
    };
    places.into_iter().rev().step_by(each).map(name).collect()
}
