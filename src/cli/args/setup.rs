//! `setup`

use std::path::PathBuf;

use clap::Args as Arguments;

/// `setup`
#[derive(Debug, Arguments)]
pub struct Setup {
    /// Takes the answers from FILE and asks nothing.
    #[arg(long, value_name = "FILE", long_help = ANSWERS)]
    pub answers: Option<PathBuf>,
}

const ANSWERS: &str = "\
Takes the answers from FILE and asks nothing.

FILE is written like config.toml, with what you know: url and api_key of [activecampaign], user_key \
of [ploomes], a [[route]] with its name, which contacts belong (such as automation = 12), pipeline \
and stage. The webhook token is made. A route without a map gets the proposed one. Besides, under \
[setup]: public_url = \"https://leads.example.com\", for the URL that is printed; lead_key_field = \
false, to make no field in Ploomes; map = \"usual\", to map only what every contact has.";
