use super::*;

/// How many of `count` requests, one each `pause`, are let through.
async fn through(client: &Client, count: usize, pause: Duration) -> usize {
    let mut through = 0;
    for _ in 0..count {
        through += usize::from(client.get("/Account").await.status == 200);
        tokio::time::advance(pause).await;
    }
    through
}

#[tokio::test(start_paused = true)]
async fn any_minute_takes_120_requests() {
    let client = Client::new(Switches::default());
    assert_eq!(through(&client, 120, Duration::from_millis(250)).await, 120);
    let got = client.get("/Account").await;
    assert_eq!(got.status, 429);
    // The first came at 0 s and leaves at 60 s; it is 30 s now.
    assert_eq!(got.headers["retry-after"], "31");
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(client.get("/Account").await.status, 200);
    assert_eq!(client.0.max_in_any_window(Duration::from_mins(1)), 121);
    assert_eq!(client.0.max_in_any_window(Duration::from_secs(1)), 4);
}

#[tokio::test(start_paused = true)]
async fn a_fixed_window_forgets_at_the_full_minute() {
    // It is 01.728 s past the minute.
    let client = Client::new(Switches { limiter: LimiterKind::Fixed, ..Switches::default() });
    tokio::time::advance(Duration::from_secs(58)).await;
    assert_eq!(through(&client, 130, Duration::ZERO).await, 120);
    assert_eq!(client.get("/Account").await.headers["retry-after"], "1");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(through(&client, 130, Duration::ZERO).await, 120);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_fills_by_two_a_second() {
    let client = Client::new(Switches { limiter: LimiterKind::Bucket, ..Switches::default() });
    assert_eq!(through(&client, 130, Duration::ZERO).await, 120);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(through(&client, 130, Duration::ZERO).await, 10);
}

#[tokio::test(start_paused = true)]
async fn neighbours_take_their_share() {
    for limiter in [LimiterKind::Sliding, LimiterKind::Fixed] {
        let client = Client::new(Switches { limiter, neighbours: 50, ..Switches::default() });
        assert_eq!(through(&client, 100, Duration::ZERO).await, 70);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_answer_comes_in_every_shape_and_applies_nothing() {
    let client = Client::new(Switches { limit: Some(0), ..Switches::default() });
    let got = client.post("/Contacts", &json!({"Name": "x"})).await;
    assert_eq!((got.status, got.body.len()), (429, 0));
    client.0.switch(|it| {
        it.retry_after = false;
        it.throttle_body = FaultBody::Text;
        it.throttled_empty = true;
    });
    let got = client.post("/Contacts", &json!({"Name": "x"})).await;
    assert_eq!((got.status, got.headers.get("retry-after")), (429, None));
    assert_eq!(got.body, "Too Many Requests");
    let got = client.get("/Contacts").await;
    assert!(got.value().is_empty());
    assert!(client.0.applied().is_empty());
    assert_eq!(client.0.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_was_planned_is_not_spent_on_a_throttled_request() {
    let client = Client::new(Switches { limit: Some(0), ..Switches::default() });
    client.0.faults().plan(Target::any(), Fault::Empty);
    client.get("/Account").await;
    assert_eq!(client.0.faults().planned(), 1);
}
