//! That every reason which a page would show is known in Portuguese.

use ponte::report::told::is_known;

use super::checks::Facts;

/// Reasons of deliveries, leads and steps, and of the last run, that a page could not tell.
pub(super) fn in_portuguese(facts: &Facts<'_>) -> Vec<String> {
    let mut said: Vec<&str> = Vec::new();
    for story in &facts.stories {
        said.extend(story.deliveries.iter().filter_map(|it| it.reason.as_deref()));
        for told in &story.leads {
            let lead = &told.lead;
            said.extend([&lead.reason, &lead.review].into_iter().filter_map(|it| it.as_deref()));
            said.extend(lead.warnings.iter().flat_map(|it| it.lines()));
            said.extend(told.steps.iter().map(|it| it.reason.as_str()));
            said.extend(told.waits.iter().filter_map(|it| it.reason.as_deref()));
        }
    }
    said.extend(facts.last.iter().filter_map(|it| it.reason.as_deref()));
    said.sort_unstable();
    said.dedup();
    said.retain(|it| !it.is_empty() && !is_known(it));
    said.into_iter().map(|it| format!("{it:?} is not known")).collect()
}
