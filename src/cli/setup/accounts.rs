//! Both accounts as `setup` sees them: asked at once, and what they offer.
//!
//! Its few calls, about ten to each API, are its own also while `run` is up: that one may have
//! other keys. They stay within what the configured rates leave of the accounts' limits.

use crate::{
    activecampaign::{Automation, Client, Item},
    cli::compose::{self, World},
    clock::Clock,
    config::{Config, Membership},
    domain::{
        Lane,
        catalog::{AcField, PloomesCatalog},
    },
    transport::{CallError, Verdict},
};

/// What both accounts offer.
pub(super) struct Accounts {
    pub(super) automations: Vec<Automation>,
    pub(super) tags: Vec<Item>,
    pub(super) lists: Vec<Item>,
    pub(super) fields: Vec<AcField>,
    pub(super) catalog: PloomesCatalog,
}

/// What `ActiveCampaign` offers, once its key is taken; else what is wrong, in words.
pub(super) async fn activecampaign(config: &Config) -> Result<Accounts, String> {
    let (wire, _) = World::Sockets.wires().map_err(|error| format!("{error:#}"))?;
    let client = compose::reads(config, wire, Clock::system());
    let client = client.map_err(|error| format!("{error:#}"))?;
    offered(&client).await.map_err(|error| match error.verdict() {
        Verdict::WrongKey => "ActiveCampaign refuses the key (activecampaign.api_key): copy it \
                              again from Settings > Developer"
            .to_owned(),
        _ => format!(
            "{error}: is activecampaign.url the one from Settings > Developer, and can this \
             machine reach it?"
        ),
    })
}

async fn offered(client: &Client) -> Result<Accounts, CallError> {
    client.verify(Lane::Fresh).await?;
    let mut automations = client.automations(Lane::Fresh).await?;
    automations.sort_by_key(|it| (!it.active, it.id));
    Ok(Accounts {
        automations,
        tags: client.tags(Lane::Fresh).await?,
        lists: client.lists(Lane::Fresh).await?,
        fields: client.fields(Lane::Fresh).await?,
        catalog: PloomesCatalog::default(),
    })
}

/// What Ploomes offers, once its key is taken; else what is wrong, in words.
pub(super) async fn ploomes(config: &Config) -> Result<PloomesCatalog, String> {
    let (_, wire) = World::Sockets.wires().map_err(|error| format!("{error:#}"))?;
    let reader = compose::looks(config, wire, Clock::system());
    let reader = reader.map_err(|error| format!("{error:#}"))?;
    let read = async {
        reader.account(Lane::Fresh).await?;
        reader.catalog(Lane::Fresh).await
    };
    let catalog = read.await.map_err(|error| match error.verdict() {
        Verdict::WrongKey => "Ploomes refuses the key (ploomes.user_key): use the key of an \
                              integration user of ponte's own"
            .to_owned(),
        _ => format!("{error}: can this machine reach it?"),
    })?;
    if catalog.pipelines.is_empty() || catalog.fields.is_empty() {
        return Err("Ploomes answered with nothing; try again in a minute".to_owned());
    }
    Ok(catalog)
}

impl Accounts {
    /// The key, what is wrong and a hint, where the account has nothing of the kind.
    pub(super) fn lacks(
        &self,
        membership: &Membership,
    ) -> Option<(&'static str, String, Option<String>)> {
        let names = |items: &[Item]| {
            let names: Vec<String> =
                items.iter().take(8).map(|it| format!("{:?}", it.name)).collect();
            (!names.is_empty()).then(|| format!("there is {}", names.join(", ")))
        };
        match membership {
            Membership::Automation(id) if self.automations.iter().all(|it| it.id.0 != *id) => {
                let known = self.automations.iter().take(8);
                let known: Vec<_> = known.map(|it| format!("{} {:?}", it.id, it.name)).collect();
                let hint = (!known.is_empty()).then(|| format!("there is {}", known.join(", ")));
                Some(("automation", format!("ActiveCampaign has no automation {id}"), hint))
            }
            Membership::Tag(tag) if self.tags.iter().all(|it| it.name != *tag) => {
                let message = format!("ActiveCampaign has no tag {tag:?}");
                Some(("tag", message, names(&self.tags)))
            }
            Membership::List(id) if self.lists.iter().all(|it| it.id != *id) => {
                let known = self.lists.iter().take(8);
                let known: Vec<_> = known.map(|it| format!("{} {:?}", it.id, it.name)).collect();
                let hint = (!known.is_empty()).then(|| format!("there is {}", known.join(", ")));
                Some(("list", format!("ActiveCampaign has no list {id}"), hint))
            }
            _ => None,
        }
    }

    /// The name of an automation.
    pub(super) fn automation(&self, id: i64) -> Option<&str> {
        self.automations.iter().find(|it| it.id.0 == id).map(|it| it.name.as_str())
    }

    /// Who our Ploomes key belongs to, as far as it matters: whether to a person.
    pub(super) fn key_is_a_persons(&self) -> bool {
        let me = self.catalog.users.iter().find(|user| Some(user.id) == self.catalog.me);
        me.is_some_and(|user| !user.integration)
    }
}
