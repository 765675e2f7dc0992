//! Searching messages: what is found, for whom, how far a search comes, and what stays unsaid.

use serde_json::{Value, json};

use crate::fixture::log::{self, MARK};
use crate::fixture::{Clinic, Person};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

async fn found(person: &Person, query: &str) -> Value {
    person.get(&format!("/api/messages/search?q={}", escaped(query))).await.json_of(200)
}

fn texts(found: &Value) -> Vec<&str> {
    found["results"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[track_caller]
fn is_all(found: &Value, expected: &[&str]) {
    assert_eq!(texts(found), expected, "{found}");
    assert_eq!((&found["complete"], &found["next"]), (&json!(true), &Value::Null), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn words_phrases_and_operators_find_the_newest_first() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let lab = bob.channel("Labör", &[&alice]).await;
    for (person, channel, text) in [
        (&alice, &ward, "Potassium is 6.1"),
        (&bob, &ward, "the blood\n pressure is high"),
        (&bob, &lab, "Hypopotassemia excluded. Müller's lab"),
        (&alice, &lab, "POTASSIUM again, see https://intranet/labs"),
        (&bob, &ward, "pressure of blood"),
    ] {
        person.say(channel, text).await;
        clinic.pass(60 * 60);
    }
    let attached = json!({
        "channelId": ward, "text": "the scan", "metadata": { "attachments": [{ "name": "x", "type": "image/png" }] },
    });
    alice.post("/api/messages", &attached).await.json_of(201);

    let (potassium, again) = ("Potassium is 6.1", "POTASSIUM again, see https://intranet/labs");
    let (pressure, muller) = ("the blood\n pressure is high", "Hypopotassemia excluded. Müller's lab");
    for (query, expected) in [
        ("potassium", &[again, potassium][..]),
        ("POTAS", &[again, potassium]),
        ("potas 6.1", &[potassium]),
        ("6.", &[potassium]),
        ("otassium", &[]),
        ("muller", &[muller]),
        ("Mu\u{308}LLER", &[muller]),
        ("\"blood pressure\"", &[pressure]),
        ("blood pressure", &["pressure of blood", pressure]),
        ("\"blood pressure", &[pressure]),
        ("\"blood press\"", &[]),
        ("potassium from:alice", &[again, potassium]),
        ("potassium from:bob", &[]),
        ("pressure from:BOB from:alice", &["pressure of blood", pressure]),
        ("potassium from:me in:labor", &[again]),
        ("potassium in:\"ward 3\"", &[potassium]),
        ("potassium in:\"#ward 3\" in:labör", &[again, potassium]),
        ("has:link", &[again]),
        ("has:file", &["the scan"]),
        ("has:image from:alice", &["the scan"]),
        ("has:image from:bob", &[]),
        ("potassium .*", &[]),
        ("p.tassium", &[]),
        ("[a-z]", &[]),
        ("100%", &[]),
        ("colour:red", &[]),
    ] {
        is_all(&found(&alice, query).await, expected);
    }
    is_all(&found(&alice, &format!("potassium in:{lab}")).await, &[again]);
    is_all(&found(&alice, &format!("pressure from:{}", bob.id)).await, &["pressure of blood", pressure]);

    // By days, in UTC, and by moments: `before:` leaves out what `after:` begins with.
    let all = alice.list("/api/messages").await;
    let (first, third) = (all[5]["timestamp"].as_str().unwrap(), all[3]["timestamp"].as_str().unwrap());
    let first_day = &first[..10];
    assert_eq!(texts(&found(&alice, &format!("after:{first_day}")).await).len(), all.len());
    is_all(&found(&alice, &format!("before:{first_day}")).await, &[]);
    is_all(&found(&alice, &format!("before:{third}")).await, &[pressure, potassium]);
    assert_eq!(texts(&found(&alice, &format!("after:{third}")).await).last(), Some(&muller));
    is_all(&found(&alice, &format!("pressure after:{third}")).await, &["pressure of blood"]);

    // The same by POST, and every field of a message.
    let asked = alice.post("/api/messages/search", &json!({ "q": "potassium in:labor" })).await.json_of(200);
    assert_eq!(asked["results"][0], alice.page(&lab).await[0]);
    assert_eq!(asked["searchedBackTo"], alice.page(&lab).await[1]["timestamp"]);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn only_what_one_may_read_now_is_found_and_the_rest_looks_like_nothing() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("secret-ward", &[&bob]).await;
    let own = bob.channel("mine", &[]).await;
    alice.say(&ward, "potassium").await;
    bob.say(&own, "lunch").await;
    assert_eq!(texts(&found(&bob, "potassium").await), ["potassium"]);
    assert_eq!(texts(&found(&dora, "potassium").await), [""; 0], "whoever may do everything is still no member");

    alice.delete(&format!("/api/channels/{ward}/members/{}", bob.id)).await.json_of(200);
    let nothing = found(&bob, "zebra").await;
    assert_eq!(nothing["results"], json!([]));
    assert_eq!(nothing["searchedBackTo"], bob.page(&own).await[0]["timestamp"], "only one's own shows");
    is_all(&found(&bob, "potassium").await, &[]);
    // A channel one is not in, one that is nowhere, a person that is nobody: all the same.
    let absent = found(&bob, &format!("potassium in:{NOWHERE}")).await;
    for query in [
        format!("potassium in:{ward}"),
        "potassium in:secret-ward".to_owned(),
        "potassium in:nowhere".to_owned(),
        format!("potassium in:{ward} in:{NOWHERE}"),
        "potassium from:nobody".to_owned(),
        format!("potassium from:{NOWHERE}"),
    ] {
        let mut answer = found(&bob, &query).await;
        if query.contains("from:0") {
            answer["searchedBackTo"] = Value::Null;
        }
        assert_eq!(answer, absent, "{query}");
    }
    clinic.visitor().get("/api/messages/search?q=potassium").await.is_refusal(401, "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn patient_details_are_found_by_those_who_may_read_them_and_each_search_is_recorded() {
    let mut clinic = Clinic::open().await;
    clinic.stop().await;
    let taken = "DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE name = 'moderator') \
         AND permission_id = (SELECT id FROM permissions WHERE name = 'phi.read')";
    clinic.sql(taken).await;
    clinic.start().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let ward = alice.channel("Ward 3", &[&mona]).await;
    alice.say_phi(&ward, &format!("{MARK} of alice")).await;
    mona.say_phi(&ward, &format!("{MARK} of mona")).await;
    alice.say(&ward, &format!("{MARK} plain")).await;

    let [plain, hers, monas] = ["plain", "of alice", "of mona"].map(|text| format!("{MARK} {text}"));
    is_all(&found(&mona, MARK).await, &[&plain, &monas]);
    is_all(&found(&mona, &format!("{MARK} has:phi")).await, &[&monas]);
    is_all(&found(&mona, "\"of alice\"").await, &[]);
    assert!(dora.list("/api/audit?action=messages.search").await.is_empty(), "one's own is no reading");
    is_all(&found(&alice, MARK).await, &[&plain, &monas, &hers]);
    is_all(&found(&alice, MARK).await, &[&plain, &monas, &hers]);
    alice.post("/api/messages/search", &json!({ "q": format!("{MARK} has:phi") })).await.json_of(200);
    let rows = dora.list("/api/audit?action=messages.search").await;
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (&row["username"], &row["details"]["results"], &row["details"]["containingPHI"]))
        .collect();
    let (by, one, two, three) = (json!("alice"), json!(1), json!(2), json!(3));
    assert_eq!(counts, [(&by, &two, &one), (&by, &three, &one), (&by, &three, &one)], "a row a search");

    for query in [format!("before:{MARK}"), format!("{MARK}\u{7}"), MARK.repeat(100)] {
        alice.get(&format!("/api/messages/search?q={}", escaped(&query))).await.is_refusal(400, "invalid_field");
    }
    let audit = Value::from(dora.whole_list("/api/audit?limit=200").await).to_string();
    assert!(!audit.contains(MARK) && log::lines() > 0 && !log::heard_the_mark(), "what is searched for stays unsaid");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_search_goes_on_where_its_time_was_over_and_misses_nothing() {
    let clinic = Clinic::with(|config| config.limits.search_within = std::time::Duration::ZERO).await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let mut socket = alice.socket().await;
    for n in 0..420 {
        let text = if n % 100 == 7 { format!("rare {n}") } else { format!("note {n}") };
        socket.say(&json!({ "type": "send_message", "channelId": ward, "text": text })).await;
    }
    socket.send(&ward, "the last").await;

    for query in ["rare", "rare in:\"ward 3\"", "rare from:alice"] {
        let (mut all, mut cursor, mut rounds) = (Vec::new(), None::<String>, 0);
        loop {
            let body = json!({ "q": query, "cursor": cursor });
            let answer = bob.post("/api/messages/search", &body).await.json_of(200);
            all.extend(texts(&answer).into_iter().map(str::to_owned));
            rounds += 1;
            assert_eq!(answer["complete"], answer["next"].is_null());
            assert!(answer["searchedBackTo"].is_string());
            let Some(next) = answer["next"].as_str() else { break };
            cursor = Some(next.to_owned());
        }
        assert_eq!(all, ["rare 407", "rare 307", "rare 207", "rare 107", "rare 7"], "{query}");
        assert!(rounds >= 2, "its time was over after one slice");
    }

    // Pages of three, and a cursor that is not of this search.
    let page = |cursor: Value| json!({ "q": "rare", "limit": 3, "cursor": cursor });
    let first = bob.post("/api/messages/search", &page(Value::Null)).await.json_of(200);
    assert_eq!(texts(&first), ["rare 407", "rare 307", "rare 207"]);
    let second = bob.post("/api/messages/search", &page(first["next"].clone())).await.json_of(200);
    assert_eq!(texts(&second), ["rare 107", "rare 7"]);
    assert_eq!((&second["complete"], &second["next"]), (&json!(true), &Value::Null));
    let next = first["next"].as_str().unwrap();
    for (person, query, cursor) in [
        (&bob, "note", next),
        (&alice, "rare", next),
        (&bob, "rare in:\"ward 3\"", next),
        (&bob, "rare", "118"),
        (&bob, "rare", "????"),
    ] {
        let body = json!({ "q": query, "cursor": cursor });
        person.post("/api/messages/search", &body).await.is_refusal(400, "invalid_field");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_cannot_be_searched_for_is_said() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let ward = alice.channel("Ward 3", &[]).await;
    alice.say(&ward, "x marks the spot").await;
    for bad in [
        json!({}),
        json!({ "q": null }),
        json!({ "q": 7 }),
        json!({ "q": "" }),
        json!({ "q": "  " }),
        json!({ "q": "x" }),
        json!({ "q": "\"\"" }),
        json!({ "q": "\u{202e}" }),
        json!({ "q": "nul\u{0}" }),
        json!({ "q": "w".repeat(501) }),
        json!({ "q": "w".repeat(10_000) }),
        json!({ "q": "from:" }),
        json!({ "q": "before:yesterday" }),
        json!({ "q": "has:zebra" }),
        json!({ "q": "spot", "limit": 0 }),
        json!({ "q": "spot", "limit": 201 }),
        json!({ "q": "spot", "limit": -1 }),
        json!({ "q": "spot", "cursor": 4 }),
    ] {
        alice.post("/api/messages/search", &bad).await.is_refusal(400, "invalid_field");
    }
    alice.get("/api/messages/search").await.is_refusal(400, "invalid_field");
    alice.get("/api/messages/search?q=spot&limit=201").await.is_refusal(400, "invalid_field");
    for good in ["spot", "\u{202e}spot\u{202c}", "x spot", "spot\u{ad}", "\"marks the", "from:alice"] {
        is_all(&found(&alice, good).await, &["x marks the spot"]);
    }
    assert_eq!(texts(&found(&alice, &"w".repeat(500)).await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_hall_is_full_one_is_told_so() {
    let clinic = Clinic::with(|config| config.limits.searches_max = 0).await;
    let dora = clinic.dora().await;
    dora.get("/api/messages/search?q=anything").await.is_refusal(503, "search_busy");
    dora.get("/api/messages").await.json_of(200);
}
