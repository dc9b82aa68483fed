//! What the two listeners answer, header by header; statuses of wrong requests are in `bad_input`.

use std::time::Duration;

use http::Method;
use ponte::transport::wire::http_client;
use serde_json::Value;

use crate::support::{Accounts, Ponte, Route, Settings, until};

const PATIENCE: Duration = Duration::from_mins(1);

const TOKEN: &str = "token-of-the-route-site";
const BEFORE: &str = "token-of-the-route-before";

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_the_receiver_is_the_contract_s() {
    let accounts = Accounts::new(41);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let route = Route::new("site", "person-deal", automation)
        .with(&format!("webhook_token_previous = \"{BEFORE}\""));
    let ponte = Ponte::new(&Settings::new([route]), &served);
    let running = ponte.run().await;
    let client = http_client("contract").unwrap();
    let base = format!("http://{}", running.receiver);
    let ask = async |method: Method, path: &str, body: &str| {
        let answer = client.request(method, format!("{base}{path}")).body(body.to_owned());
        let answer = answer.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    };
    for token in [TOKEN, BEFORE] {
        let path = format!("/webhooks/{token}");
        for body in ["contact[id]=1", "", "anything at all"] {
            let (status, headers, text) = ask(Method::POST, &path, body).await;
            assert_eq!(
                (status, &headers["content-type"]),
                (200, &"application/json".parse().unwrap())
            );
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
            assert!(answer["receipt"].is_string(), "{answer}");
        }
        let (status, _, text) = ask(Method::GET, &path, "").await;
        assert_eq!((status, text.as_str()), (200, "ok"));
        assert_eq!(ask(Method::HEAD, &path, "").await.0, 200);
        for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            assert_eq!(ask(method, &path, "").await.0, 405);
        }
    }
    for path in ["/webhooks/token-of-nobody-at-all", "/webhooks", "/", "/healthz"] {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let (status, _, text) = ask(method, path, "contact[id]=1").await;
            assert_eq!((status, text.as_str()), (404, ""), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_of_the_page_is_the_contract_s_and_asks_for_the_password_where_there_is_one() {
    let accounts = Accounts::new(42);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    let running = ponte.run().await;
    let client = http_client("contract").unwrap();
    let base = format!("http://{}", running.admin);
    let get = async |path: &str| client.get(format!("{base}{path}")).send().await.unwrap();
    let kind = |answer: &reqwest::Response| {
        answer.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let page = get("/").await;
    assert_eq!((page.status().as_u16(), kind(&page).as_str()), (200, "text/html"));
    assert!(page.text().await.unwrap().contains("<html lang=\"pt-BR\""));
    assert_eq!(get("/healthz").await.status(), 200);
    let ready: Value = until("it is ready", PATIENCE, async || {
        let ready = get("/readyz").await;
        if ready.status() == 200 { ready.json().await.ok() } else { None }
    })
    .await;
    for part in ["ledger", "engine", "poll", "reconcile"] {
        assert!(ready.get(part).is_some(), "{ready}");
    }
    let metrics = get("/metrics").await;
    assert_eq!(metrics.status(), 200);
    assert!(["text/plain", "application/openmetrics-text"].contains(&kind(&metrics).as_str()));
    assert_eq!(get("/nothing").await.status(), 404);
    drop(running);

    // With a password, nobody is let in without it; that it lives is told to everybody.
    let hash = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAA";
    let text = settings.toml(served.activecampaign, served.ploomes, &ponte.ledger());
    ponte.configure(&text.replace("[admin]\n", &format!("[admin]\npassword_hash = \"{hash}\"\n")));
    let running = ponte.run().await;
    let base = format!("http://{}", running.admin);
    let page = client.get(&base).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.text().await.unwrap()), (303, String::new()));
    let sign_in = client.get(format!("{base}/sign-in")).send().await.unwrap();
    assert_eq!((sign_in.status().as_u16(), kind(&sign_in).as_str()), (200, "text/html"));
    let metrics = client.get(format!("{base}/metrics")).send().await.unwrap();
    assert_eq!(metrics.status(), 401);
    assert!(metrics.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    assert_eq!(client.get(format!("{base}/healthz")).send().await.unwrap().status(), 200);
}
