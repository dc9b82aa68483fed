//! Questions on a terminal.

use dialoguer::{Confirm, Input, MultiSelect, Password, Select};

use crate::cli::Failure;

/// Lines of a list that are shown at once: a small window's height.
const LINES: usize = 15;

/// Asks for a text; with a default, an empty answer is that.
pub(super) fn text(prompt: &str, default: Option<&str>) -> Result<String, Failure> {
    let input = Input::<String>::new().with_prompt(prompt);
    let input = match default {
        Some(default) => input.default(default.to_owned()),
        None => input,
    };
    Ok(input.interact_text()?.trim().to_owned())
}

/// Asks for a text that may be left empty.
pub(super) fn maybe(prompt: &str) -> Result<Option<String>, Failure> {
    let text = Input::<String>::new().with_prompt(prompt).allow_empty(true).interact_text()?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Asks for something that the terminal does not show.
pub(super) fn secret(prompt: &str) -> Result<String, Failure> {
    Ok(Password::new().with_prompt(prompt).interact()?.trim().to_owned())
}

/// Asks for one of a list; the place of the answer.
pub(super) fn one(prompt: &str, items: &[String], default: usize) -> Result<usize, Failure> {
    let select = Select::new().with_prompt(prompt).items(items).max_length(LINES);
    Ok(select.default(default.min(items.len().saturating_sub(1))).interact()?)
}

/// Asks for any number of a list; the places of the answers.
pub(super) fn some(prompt: &str, items: &[(String, bool)]) -> Result<Vec<usize>, Failure> {
    let prompt = format!("{prompt} (space marks, enter goes on)");
    // What was marked is in the file: the long list need not be said again.
    let select = MultiSelect::new().with_prompt(prompt).max_length(LINES).report(false);
    Ok(select.items_checked(items.iter().cloned()).interact()?)
}

/// Asks yes or no.
pub(super) fn yes(prompt: &str, default: bool) -> Result<bool, Failure> {
    Ok(Confirm::new().with_prompt(prompt).default(default).interact()?)
}
