//! The two simulated accounts, and their HTTP faces.

use std::{net::SocketAddr, sync::Arc};

use ponte::{
    clock::Clock,
    domain::{AutomationId, ContactId},
    engine::Lifecycle,
    simulator::{
        activecampaign::{self, ActiveCampaign, NewAutomation, NewContact, Step, Throttle},
        http::serve,
        ploomes::{self, Ploomes},
    },
    transport::Remote,
};
use serde_json::Value;
use tokio::net::TcpListener;

use super::settings::token_of;

/// The key of `ActiveCampaign`.
pub const ACTIVECAMPAIGN_KEY: &str = "key-of-activecampaign";
/// The key of Ploomes' integration user.
pub const PLOOMES_KEY: &str = "key-of-ploomes";

/// Two empty accounts; clones are the same ones.
#[derive(Clone)]
pub struct Accounts {
    /// What both go by.
    pub clock: Clock,
    /// Where contacts come from.
    pub activecampaign: ActiveCampaign,
    /// Where leads go.
    pub ploomes: Arc<Ploomes>,
}

impl Accounts {
    /// On the machine's clock, without any limit on requests.
    pub fn new(seed: u64) -> Self {
        Self::at(Clock::system(), seed)
    }

    /// On this clock, without any limit on requests.
    pub fn at(clock: Clock, seed: u64) -> Self {
        let throttle = Throttle { per_second: None, ..Throttle::default() };
        let switches = activecampaign::Switches { throttle, ..activecampaign::Switches::default() };
        let activecampaign = ActiveCampaign::new(clock.clone(), seed, ACTIVECAMPAIGN_KEY, switches);
        let switches = ploomes::Switches { limit: None, ..ploomes::Switches::default() };
        let ploomes = Arc::new(Ploomes::new(clock.clone(), seed, PLOOMES_KEY, switches));
        Self { clock, activecampaign, ploomes }
    }

    /// An automation that contacts may enter again, and whose webhook goes to the route's URL.
    pub fn automation_of(&self, route: &str) -> AutomationId {
        let step = Step::Webhook(format!("/webhooks/{}", token_of(route)));
        let name = format!("Automação de {route}");
        self.activecampaign.add_automation(NewAutomation::new(&name, vec![step]).multientry())
    }

    /// A new contact that enters `automation` at once.
    pub fn enter(&self, contact: NewContact, automation: AutomationId) -> ContactId {
        let id = self.activecampaign.create_contact(contact).unwrap();
        self.activecampaign.enroll(id, automation).unwrap();
        id
    }

    /// The persons in Ploomes, by id.
    pub fn persons(&self) -> Vec<Value> {
        self.contacts_of_type(2)
    }

    /// The companies in Ploomes, by id.
    pub fn companies(&self) -> Vec<Value> {
        self.contacts_of_type(1)
    }

    /// The only person with this e-mail; fails the test where there is none or more than one.
    pub fn person(&self, email: &str) -> Value {
        let mut persons = self.persons();
        persons.retain(|it| it["Email"] == email);
        assert_eq!(persons.len(), 1, "persons with one e-mail");
        persons.remove(0)
    }

    /// The deals of a company or person, by id.
    pub fn deals_of(&self, contact: &Value) -> Vec<Value> {
        let id = &contact["Id"];
        let mut deals = self.ploomes.deals();
        deals.retain(|it| it["ContactId"] == *id || it["PersonId"] == *id);
        deals
    }

    /// How many requests Ploomes has had.
    pub fn calls(&self) -> usize {
        self.ploomes.requests().len()
    }

    /// Serves both over HTTP, until the answer is dropped.
    pub async fn serve(&self) -> Served {
        self.serve_behind(|remote| remote).await
    }

    /// Serves both over HTTP, each behind something that sees its requests and answers.
    pub async fn serve_behind(
        &self,
        behind: impl Fn(Arc<dyn Remote>) -> Arc<dyn Remote>,
    ) -> Served {
        let lifecycle = Lifecycle::new();
        let remote = behind(Arc::new(self.activecampaign.clone()));
        let activecampaign = listen(&lifecycle, "activecampaign", remote).await;
        let ploomes = listen(&lifecycle, "ploomes", behind(self.ploomes.clone())).await;
        Served { activecampaign, ploomes, lifecycle }
    }

    fn contacts_of_type(&self, kind: i64) -> Vec<Value> {
        let mut contacts = self.ploomes.contacts();
        contacts.retain(|it| it["TypeId"] == kind);
        contacts
    }
}

/// The contact, as one of the company of this name.
pub fn of_company(new: NewContact, name: &str) -> NewContact {
    NewContact { orgname: name.to_owned(), ..new }
}

/// The HTTP faces; dropped, they hang up.
pub struct Served {
    /// Where `ActiveCampaign` listens.
    pub activecampaign: SocketAddr,
    /// Where Ploomes listens.
    pub ploomes: SocketAddr,
    lifecycle: Lifecycle,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

async fn listen(lifecycle: &Lifecycle, name: &'static str, remote: Arc<dyn Remote>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    lifecycle.spawn(name, serve(listener, remote, lifecycle.stopping()));
    at
}
