//! Changing the configuration file: what cannot be used is not left in it.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::{signed_in::quoted, *};
use crate::config::{EXAMPLE, NotTaken};

/// A desk with a file of its own, in a folder that is removed with it.
struct Scene {
    desk: Desk,
    path: PathBuf,
    _folder: TempDir,
}

impl Scene {
    /// Where the service says `answer` when it is to take the file over.
    async fn open(text: &str, answer: fn() -> Result<(), NotTaken>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        let config = config::load(&path, &BTreeMap::new()).unwrap().config;
        let reload: Reload = Arc::new(move || Box::pin(async move { answer() }));
        let file = File { path: path.clone(), environment: BTreeMap::new(), reload: Some(reload) };
        let desk = Desk::with_file(&config, healthy(), Some(file)).await;
        Self { desk, path, _folder: folder }
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// Posts a form of `page` with these fields.
    async fn post(&self, page: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
        let html = self.desk.get(page).await.body;
        let seen = if html.contains("name=\"seen\"") {
            quoted(&html, "name=\"seen\" value=\"")
        } else {
            ""
        };
        let csrf = quoted(&html, "name=\"csrf\" value=\"");
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs([("csrf", csrf), ("seen", seen)]).extend_pairs(fields);
        self.desk.post(to, "", &body.finish()).await
    }
}

#[tokio::test]
async fn what_the_service_cannot_go_on_with_is_taken_out_of_the_file_again() {
    let refuse = || Err(NotTaken::Failed("the ledger is closed; start ponte again".to_owned()));
    let scene = Scene::open(EXAMPLE, refuse).await;
    let answer = scene.post("/routes/site", "/routes/site/enabled", &[("enabled", "no")]).await;
    assert!(answer.body.contains("o ledger está fechado"), "{}", answer.body);
    assert_eq!(scene.text(), EXAMPLE, "a service would not start with it");
}

#[tokio::test]
async fn a_route_is_added_with_a_token_of_its_own() {
    let scene = Scene::open(EXAMPLE, || Ok(())).await;
    let fields = [
        ("name", "orçamento 1"),
        ("member", "list"),
        ("member_of", "3"),
        ("expect_within", "15m"),
        ("create", "company-person-deal"),
        ("existing", "fill"),
        ("pipeline", "Vendas"),
        ("stage", "Lead novo"),
        ("guard", "yes"),
    ];
    let answer = scene.post("/new-route", "/new-route", &fields).await;
    let to = "/routes/or%C3%A7amento%201?said=saved";
    assert_eq!((answer.status, answer.header("location")), (303, Some(to)), "{}", answer.body);
    let config = config::load(&scene.path, &BTreeMap::new()).unwrap().config;
    assert_eq!(config.routes.len(), 2);
    let route = &config.routes[1];
    assert_eq!((route.name.as_str(), route.enabled), ("orçamento 1", false));
    assert_ne!(
        secrecy::ExposeSecret::expose_secret(&route.webhook_token),
        secrecy::ExposeSecret::expose_secret(&config.routes[0].webhook_token)
    );

    let before = scene.text();
    let again = scene.post("/new-route", "/new-route", &fields).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("também tem o nome"), "{}", again.body);
    assert_eq!(scene.text(), before);
    let nameless = scene.post("/new-route", "/new-route", &fields[1..]).await;
    assert!(nameless.body.contains("há um texto vazio"), "{}", nameless.body);
}

#[tokio::test]
async fn a_route_may_have_a_name_with_spaces_and_accents() {
    let text = EXAMPLE.replace("name = \"site\"", "name = \"orçamento 1\"");
    let scene = Scene::open(&text, || Ok(())).await;
    let path = "/routes/or%C3%A7amento%201";
    for page in [path.to_owned(), format!("{path}/edit")] {
        let answer = scene.desk.get(&page).await;
        assert_eq!(answer.status, 200, "{page}");
    }
    let answer = scene.post(path, &format!("{path}/enabled"), &[("enabled", "no")]).await;
    let to = format!("{path}/edit?said=saved");
    assert_eq!(answer.header("location"), Some(to.as_str()), "{}", answer.body);
    let answer =
        scene.post(path, "/routes/pause", &[("route", "orçamento 1"), ("paused", "yes")]).await;
    assert_eq!(answer.header("location"), Some(path), "{}", answer.body);
}
