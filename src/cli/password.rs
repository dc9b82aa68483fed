//! `password`: asks for a password, prints its argon2 hash.

use std::io::{BufRead, IsTerminal};

use super::{Failure, say};
use crate::web::password;

/// A password of fewer characters is guessed too soon.
const CHARS_MIN: usize = 10;

/// On a terminal it asks, twice; in a pipe it reads one line.
pub(super) fn password() -> Result<(), Failure> {
    let terminal = std::io::stdin().is_terminal();
    let first = ask(terminal, "Password: ")?;
    if first.chars().count() < CHARS_MIN {
        let words = format!("a password needs at least {CHARS_MIN} characters");
        return Err(Failure::Usage(words));
    }
    if terminal && ask(terminal, "Once more: ")? != first {
        return Err(Failure::Usage("the two differ".to_owned()));
    }
    say(&password::hash(&first)?);
    Ok(())
}

fn ask(terminal: bool, prompt: &str) -> Result<String, Failure> {
    if terminal {
        return Ok(dialoguer::Password::new()
            .with_prompt(prompt.trim_end_matches(": "))
            .interact()?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
