//! `setup --answers`: from nothing to the first lead, and what it says of wrong answers.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use ponte::simulator::{
    activecampaign::NewField,
    fault::{Fault, Target, When},
};
use serde_json::Value;

use crate::support::{Accounts, Ponte, Route, Served, Settings, until};

/// Longer than anything here takes on a busy machine; the simulated Ploomes holds its own pace.
const PATIENCE: Duration = Duration::from_mins(2);

/// Answers for accounts at these addresses; each request may follow the last at once.
fn answers(activecampaign: &str, ploomes: &str, route: &str) -> String {
    format!(
        "[activecampaign]\nurl = \"http://{activecampaign}\"\napi_key = \
         \"key-of-activecampaign\"\nrequests_per_second = 1000\n[ploomes]\nurl = \
         \"http://{ploomes}\"\nuser_key = \"key-of-ploomes\"\nrequests_per_minute = \
         60000\nsettle = \"300ms\"\n[receiver]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \
         \"127.0.0.1:0\"\n{route}"
    )
}

const SITE: &str = "[[route]]\nname = \"site\"\nautomation = 1\npipeline = \"Vendas\"\nstage = \
                    \"Lead novo\"\n";

/// Two accounts and answers that are right for them.
async fn scene() -> (Accounts, Served, Ponte, String) {
    let accounts = Accounts::new(1);
    accounts.automation_of("site");
    accounts.activecampaign.add_field(NewField::new("CPF", "text"));
    let served = accounts.serve().await;
    let right = answers(&served.activecampaign.to_string(), &served.ploomes.to_string(), SITE);
    (accounts, served, Ponte::bare(), right)
}

async fn set_up(ponte: &Ponte, answers: &str) -> (i32, String, String) {
    let file = ponte.put("answers.toml", answers);
    let ended = ponte.command(&["setup", "--answers", &file]).await;
    (ended.status, ended.out, ended.err)
}

/// What is at the URL; null where the simulator was asked too often.
async fn get(url: String) -> Value {
    let client = ponte::transport::wire::http_client("a-test").unwrap();
    let sent = client.get(url).header("api-token", "any").send().await.unwrap();
    sent.json().await.unwrap_or_default()
}

/// The address behind a word in what `simulate` prints.
fn address(out: &str, name: &str) -> Option<String> {
    let line = out.lines().find(|line| line.starts_with(name))?;
    line.split("http://").nth(1)?.split_whitespace().next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_the_first_lead_on_the_simulators() {
    let ponte = Ponte::bare();
    let addresses = ["--activecampaign", "127.0.0.1:0", "--ploomes", "127.0.0.1:0"];
    let arguments: Vec<&str> = ["simulate", "--every", "1"].into_iter().chain(addresses).collect();
    let simulated = ponte.spawn(&arguments);
    let (activecampaign, ploomes) = until("the simulators listen", PATIENCE, async || {
        let out = simulated.out();
        out.contains("webhooks")
            .then(|| (address(&out, "ActiveCampaign").unwrap(), address(&out, "Ploomes").unwrap()))
    })
    .await;
    let site = SITE.replace("automation = 1", "automation = 12");
    let (status, out, err) = set_up(&ponte, &answers(&activecampaign, &ploomes, &site)).await;
    assert_eq!(status, 0, "{out}{err}");
    let config = fs::read_to_string(ponte.config()).unwrap();
    let token = config.lines().find_map(|line| line.strip_prefix("webhook_token = ")).unwrap();
    let token = token.trim_matches('"');
    assert_eq!(token.len(), 32);
    assert!(out.contains(&format!("/webhooks/{token}")), "{out}");
    assert!(out.contains("Webhook") && out.contains("Lead do site"), "{out}");

    let running = ponte.run().await;
    let contact = until("somebody entered the automation", PATIENCE, async || {
        let contacts = get(format!("http://{activecampaign}/api/3/contacts?limit=1")).await;
        contacts["contacts"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let url = format!("http://{}/webhooks/{token}", running.receiver);
    let client = ponte::transport::wire::http_client("a-test").unwrap();
    let body = format!("contact[id]={contact}&seriesid=12");
    assert_eq!(client.post(url).body(body).send().await.unwrap().status(), 200);
    let number: i64 = contact.parse().unwrap();
    let lead = until("the first lead is in Ploomes", PATIENCE, async || {
        let leads = ponte.json(&["leads", "--state", "done", "--json"]).await;
        leads.as_array().unwrap().iter().find(|it| it["contact"] == number).cloned()
    })
    .await;
    let deal = lead["deal"].as_i64().unwrap();
    let applied = get(format!("http://{ploomes}/__simulator/applied")).await.to_string();
    assert!(applied.contains(&deal.to_string()), "{applied}");
    running.process.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_writes_is_good_online_and_its_owners_alone() {
    let (accounts, _served, ponte, right) = scene().await;
    let (status, out, err) = set_up(&ponte, &right).await;
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(fs::metadata(ponte.config()).unwrap().permissions().mode() & 0o777, 0o600);
    for secret in ["key-of-activecampaign", "key-of-ploomes"] {
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
    let checked = ponte.json(&["check", "--online", "--json"]).await;
    assert_eq!(checked["ok"], true, "{checked}");
    let config = fs::read_to_string(ponte.config()).unwrap();
    assert!(config.contains("from = \"field.CPF\"\nto = \"person.CPF\""), "{config}");
    // The service's file is made by the service.
    assert_eq!(accounts.ploomes.writes(), 1, "only the field was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_key_field_is_made_once_whatever_becomes_of_its_answer() {
    let (accounts, _served, ponte, right) = scene().await;
    let fields = || {
        let mut fields = accounts.ploomes.fields();
        fields.retain(|it| it["Name"] == "Chave do lead (ponte)");
        fields
    };
    let lost = Fault::Reset(When::After);
    accounts.ploomes.faults().plan(Target::new(http::Method::POST, "/Fields"), lost);
    let (status, out, err) = set_up(&ponte, &right).await;
    assert_eq!((status, fields().len()), (0, 1), "{out}{err}");
    let again = Ponte::bare();
    let (status, out, err) = set_up(&again, &right).await;
    assert_eq!((status, fields().len()), (0, 1), "{out}{err}");
    let key = format!("lead_key_field = {}", fields()[0]["Key"]);
    for ponte in [&ponte, &again] {
        assert!(fs::read_to_string(ponte.config()).unwrap().contains(&key));
    }
    let unwanted = Ponte::bare();
    let (status, ..) = set_up(&unwanted, &format!("{right}[setup]\nlead_key_field = false")).await;
    assert_eq!(status, 0);
    assert!(!fs::read_to_string(unwanted.config()).unwrap().contains("lead_key_field"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_says_what_is_wrong_and_writes_nothing() {
    let (accounts, _served, ponte, right) = scene().await;
    for (from, to, said) in [
        ("key-of-activecampaign", "hidden", "Settings > Developer"),
        ("key-of-ploomes", "hidden", "user of ponte's own"),
        ("\"Lead novo\"", "\"Lead nvo\"", "route.site.stage"),
        ("\"Vendas\"", "\"Compras\"", "route.site.pipeline"),
        ("automation = 1\n", "automation = 7\n", "there is 1 \"Automação de site\""),
        ("automation = 1\n", "automaton = 1\n", "did you mean `automation`?"),
        ("url = \"http://127", "url = \"http://10", "activecampaign.url"),
        ("name = \"site\"", "nome = \"site\"", "needs its name"),
        ("[[route]]", "[[rota]]", "rota"),
        ("user_key = \"key", "user_key = \"\"hidden", "this is not TOML"),
    ] {
        assert!(right.contains(from), "{from}");
        let (status, out, err) = set_up(&ponte, &right.replacen(from, to, 1)).await;
        assert_eq!(status, 2, "{from}: {out}{err}");
        assert!(err.contains(said), "{from}: {err}");
        assert!(!err.contains("hidden") && !out.contains("hidden"), "{from}: {out}{err}");
        assert!(!ponte.config().exists(), "{from}");
    }
    assert_eq!(accounts.ploomes.writes(), 0);
    let ended = ponte.command(&["setup"]).await;
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("--answers"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_there_keeps_its_comments_and_gets_the_route() {
    let (accounts, served, _, _) = scene().await;
    let automation = accounts.automation_of("feira");
    let site = Route::new("site", "person-deal", ponte::domain::AutomationId(1));
    let ponte = Ponte::new(&Settings::new([site]), &served);
    let mine = format!("# mine\n{}", fs::read_to_string(ponte.config()).unwrap());
    ponte.configure(&mine);
    let feira = format!(
        "[[route]]\nname = \"feira\"\nautomation = {automation}\ncreate = \
         \"company-person\"\n[setup]\nmap = \"usual\"\nlead_key_field = false\npublic_url = \
         \"https://leads.example.com/\"\n"
    );
    let (status, out, err) = set_up(&ponte, &feira).await;
    assert_eq!(status, 0, "{out}{err}");
    let config = fs::read_to_string(ponte.config()).unwrap();
    let added = config.strip_prefix(&mine).unwrap();
    assert!(added.contains("name = \"feira\"") && !added.contains("[[route.map]]"), "{added}");
    assert!(out.contains("https://leads.example.com/webhooks/"), "{out}");
    // Once more, with another answer for the same route: no second one.
    let (status, out, err) = set_up(&ponte, &feira.replace("company-person", "person-deal")).await;
    assert_eq!(status, 2, "a deal needs a pipeline: {out}{err}");
    assert_eq!(fs::read_to_string(ponte.config()).unwrap(), config);
    let (status, out, err) =
        set_up(&ponte, &feira.replace("feira\"\n", "feira\"\nexisting = \"leave\"\n")).await;
    assert_eq!(status, 0, "{out}{err}");
    assert!(fs::read_to_string(ponte.config()).unwrap().contains("existing = \"leave\""));
}
