//! Checks a route against both accounts: everything it names must be there.

mod account;
mod map;
mod place;

use super::{RouteSpec, RuleProblem, Rules, names::fold, source::Reader, template::Templates};
use crate::domain::catalog::{AcField, PloomesCatalog};

/// Checks a route against both accounts; gives its rules with warnings, or all that is wrong.
pub fn compile(
    spec: &RouteSpec,
    catalog: &PloomesCatalog,
    fields: &[AcField],
) -> Result<(Rules, Vec<String>), Vec<RuleProblem>> {
    let mut findings = Findings::default();
    let mut templates = Templates::new(fields);
    let (policy, missing_tags) = account::check(spec, catalog, &mut findings);
    let rows = map::check(spec, catalog, fields, &mut templates, &mut findings);
    let note = spec.note.as_deref().map(|text| {
        for refusal in templates.add("note", text).err().unwrap_or_default() {
            findings.problem("note", refusal);
        }
        Reader::Template("note".to_owned())
    });
    if !findings.problems.is_empty() {
        return Err(findings.problems);
    }
    let ignored = spec.company_ignore.iter().map(|name| fold(name)).collect();
    let rules = Rules { policy, missing_tags, rows, note, templates, ignored };
    Ok((rules, findings.warnings))
}

/// Why something cannot be used, before it is known which key says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    message: String,
    hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    pub(super) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// What a check has found so far.
#[derive(Default)]
struct Findings {
    problems: Vec<RuleProblem>,
    warnings: Vec<String>,
}

impl Findings {
    fn problem(&mut self, key: impl Into<String>, refusal: Refusal) {
        let Refusal { message, hint } = refusal;
        self.problems.push(RuleProblem { key: key.into(), message, hint });
    }

    fn warning(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The result, or `None` with a problem.
    fn keep<T>(&mut self, key: &str, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|refusal| self.problem(key, refusal)).ok()
    }
}

#[cfg(test)]
mod tests;
