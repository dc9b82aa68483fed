//! `simulate`: the two simulated services alone, over HTTP, for trying a configuration.
//!
//! They fit `config.example.toml`: automation 12, pipeline "Vendas", stage "Lead novo". Any key is
//! taken. Somebody enters the automation now and then, and its webhook goes where one says.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::net::TcpListener;

use super::{Failure, args, random_seed, run::signal, say};
use crate::{
    clock::Clock,
    engine::Lifecycle,
    simulator::{
        activecampaign::{self, ActiveCampaign, NewAutomation, Receiver, Step},
        http::serve,
        ploomes::{self, Ploomes},
        world::{World, WorldPlan},
    },
    transport::{Remote, Wire, wire},
};

/// The automation of the example.
const AUTOMATION: i64 = 12;
/// Where webhooks go that go nowhere: no service ever listens on port 9.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Serves both until a signal comes.
pub(super) async fn simulate(arguments: &args::Simulate) -> Result<(), Failure> {
    let (clock, seed) = (Clock::system(), random_seed());
    let target = arguments.webhook.clone().unwrap_or_else(|| NOWHERE.to_owned());
    let activecampaign =
        ActiveCampaign::new(clock.clone(), seed, "", activecampaign::Switches::default());
    for number in 1..AUTOMATION {
        activecampaign.add_automation(NewAutomation::new(&format!("Automação {number}"), vec![]));
    }
    let entered = NewAutomation::new("Lead do site", vec![Step::Webhook(target)]).multientry();
    let every = Duration::from_secs(arguments.every.max(1));
    let plan = WorldPlan { every, ..WorldPlan::new(vec![entered]) };
    let world = World::new(activecampaign.clone(), seed, plan);
    let ploomes = Ploomes::new(clock, seed, "", ploomes::Switches::default());

    let lifecycle = Lifecycle::new();
    let to = bind(arguments.activecampaign, "--activecampaign").await?;
    let at = listen(&lifecycle, "activecampaign", to, Arc::new(activecampaign.clone()))?;
    say(&format!("ActiveCampaign  http://{at}  (any key; automation {AUTOMATION})"));
    let to = bind(arguments.ploomes, "--ploomes").await?;
    let at = listen(&lifecycle, "ploomes", to, Arc::new(ploomes))?;
    say(&format!("Ploomes         http://{at}  (any key; pipeline \"Vendas\")"));
    say(&format!("                http://{at}/__simulator/applied lists what was written"));
    match &arguments.webhook {
        Some(url) => say(&format!("webhooks        {}", without_token(url))),
        None => {
            say("webhooks        all lost: give --webhook http://127.0.0.1:8080/webhooks/<token>");
        }
    }
    let wire = Wire::Http(wire::http_client("ActiveCampaign-simulated")?);
    let (stopping, receiver) = (lifecycle.stopping(), Receiver { wire, base: String::new() });
    lifecycle.spawn("webhooks", async move {
        activecampaign.send_webhooks(receiver, stopping).await;
    });
    if arguments.every > 0 {
        let stopping = lifecycle.stopping();
        lifecycle.spawn("world", async move { world.run(stopping).await });
    }
    tokio::select! {
        () = signal() => {}
        () = async { lifecycle.stopping().cancelled().await } => {}
    }
    lifecycle.stop();
    lifecycle.stopped().await;
    Ok(())
}

async fn bind(at: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at} ({option})"))
}

fn listen(
    lifecycle: &Lifecycle,
    name: &'static str,
    listener: TcpListener,
    remote: Arc<dyn Remote>,
) -> anyhow::Result<SocketAddr> {
    let at = listener.local_addr()?;
    lifecycle.spawn(name, serve(listener, remote, lifecycle.stopping()));
    Ok(at)
}

/// A token is a secret, also where it is one's own.
fn without_token(url: &str) -> String {
    match url.rsplit_once('/') {
        Some((before, _)) => format!("{before}/…"),
        None => "…".to_owned(),
    }
}
