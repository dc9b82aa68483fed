//! Where a new deal goes: a pipeline, and a stage of it.

use super::{Findings, Refusal};
use crate::{
    domain::{
        RecordId,
        catalog::{Pipeline, PloomesCatalog, Stage},
    },
    rules::{
        NameOrId, RouteSpec,
        names::{named, suggest},
    },
};

/// How many ids a hint lists; more are not read.
const IDS_SHOWN_MAX: usize = 8;

/// Pipeline and stage of a route that creates deals.
pub(super) fn check(
    spec: &RouteSpec,
    catalog: &PloomesCatalog,
    findings: &mut Findings,
) -> (Option<RecordId>, Option<RecordId>) {
    let missing = || Refusal::new("it is missing, and the route creates deals");
    let pipelines = Places::of_pipelines(&catalog.pipelines);
    let pipeline = spec.pipeline.as_ref().ok_or_else(missing);
    let pipeline = findings.keep("pipeline", pipeline.and_then(|wanted| pipelines.find(wanted)));
    let stage = match (&spec.stage, pipeline) {
        (None, _) => Err(missing()),
        // A stage is looked for in its pipeline, which has a problem of its own.
        (Some(_), None) => return (None, None),
        (Some(wanted), Some(id)) => find_stage(wanted, id, catalog),
    };
    (pipeline, findings.keep("stage", stage))
}

fn find_stage(
    wanted: &NameOrId,
    pipeline: RecordId,
    catalog: &PloomesCatalog,
) -> Result<RecordId, Refusal> {
    let of = |pipeline: &Pipeline| Places::of_stages(pipeline).find(wanted);
    let own = catalog.pipelines.iter().find(|it| it.id == pipeline);
    let refusal = match own.map(of) {
        Some(Ok(stage)) => return Ok(stage),
        Some(Err(refusal)) => refusal,
        None => Refusal::new("its pipeline is not there"),
    };
    // That another pipeline has it is the better hint.
    let mut others = catalog.pipelines.iter().filter(|it| it.id != pipeline && !it.archived);
    Err(match others.find(|it| of(it).is_ok()) {
        Some(other) => refusal.hint(format!("the pipeline {:?} has it", other.name)),
        None => refusal,
    })
}

/// Pipelines, or the stages of one.
struct Places<'a> {
    what: &'static str,
    /// Where they are, with a space before it.
    inside: String,
    all: Vec<Place<'a>>,
}

struct Place<'a> {
    id: RecordId,
    name: &'a str,
    archived: bool,
}

impl<'a> Places<'a> {
    fn of_pipelines(pipelines: &'a [Pipeline]) -> Self {
        let place = |it: &'a Pipeline| Place { id: it.id, name: &it.name, archived: it.archived };
        let all = pipelines.iter().map(place).collect();
        Self { what: "pipeline", inside: String::new(), all }
    }

    fn of_stages(pipeline: &'a Pipeline) -> Self {
        let place = |it: &'a Stage| Place { id: it.id, name: &it.name, archived: it.archived };
        let all = pipeline.stages.iter().map(place).collect();
        Self { what: "stage", inside: format!(" in the pipeline {:?}", pipeline.name), all }
    }

    /// The one of this name or id that takes deals.
    fn find(&self, wanted: &NameOrId) -> Result<RecordId, Refusal> {
        let (what, inside) = (self.what, &self.inside);
        match wanted {
            NameOrId::Id(id) => match self.all.iter().find(|it| it.id.0 == *id) {
                Some(place) if place.archived => Err(self.is_archived(place)),
                Some(place) => Ok(place.id),
                None => {
                    let message = format!("there is no {what} with the id {id}{inside}");
                    let known = self.live().map(|it| format!("{} {:?}", it.id, it.name));
                    let known: Vec<String> = known.take(IDS_SHOWN_MAX).collect();
                    let hint =
                        (!known.is_empty()).then(|| format!("there is {}", known.join(", ")));
                    Err(Refusal::new(message).maybe_hint(hint))
                }
            },
            NameOrId::Name(name) => match named(name, self.live(), |it| it.name).as_slice() {
                [place] => Ok(place.id),
                [] => Err(self.is_not_live(name)),
                several => {
                    let ids: Vec<String> = several.iter().map(|it| it.id.to_string()).collect();
                    let message = format!("{} {what}s are called {name:?}{inside}", ids.len());
                    let hint = format!("write the id: {}", ids.join(" or "));
                    Err(Refusal::new(message).hint(hint))
                }
            },
        }
    }

    fn is_not_live(&self, name: &str) -> Refusal {
        if let Some(place) = named(name, &self.all, |it| it.name).first() {
            return self.is_archived(place);
        }
        let message = format!("there is no {} {name:?}{}", self.what, self.inside);
        Refusal::new(message).maybe_hint(suggest(name, self.live().map(|it| it.name)))
    }

    fn is_archived(&self, place: &Place<'_>) -> Refusal {
        let message = format!("the {} {:?}{} is archived", self.what, place.name, self.inside);
        Refusal::new(message).hint("archived ones take no new deals")
    }

    fn live(&self) -> impl Iterator<Item = &Place<'a>> + Clone {
        self.all.iter().filter(|it| !it.archived)
    }
}
