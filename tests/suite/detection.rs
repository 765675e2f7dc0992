//! Patient details that nobody marked: what the clinic has done about them, and who hears of it. And those that are
//! revealed for a reason.

use serde_json::{Value, json};

use crate::fixture::log::{self, MARK};
use crate::fixture::{Clinic, Person};

const SSN: &str = "his SSN is 536-22-1234, reach him at 212-555-0187";
const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

async fn choose(dora: &Person, name: &str, value: Value) -> Value {
    dora.put(&format!("/api/settings/{name}"), &json!({ "value": value })).await.json_of(200)
}

fn send(channel: &str, text: &str, phi: bool) -> Value {
    json!({ "type": "send_message", "channelId": channel, "text": text, "containsPHI": phi, "requestId": "p" })
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_clinic_chooses_what_happens_to_patient_details_that_are_not_marked() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let (mut hers, mut bobs) = (alice.listening(&ward).await, bob.listening(&ward).await);

    // A hint, unless the clinic chose otherwise; to the sender alone.
    let ack = hers.ask(send(&ward, SSN, false)).await;
    assert_eq!(ack["phiSuspected"], json!(["ssn", "phone"]), "{ack}");
    assert_eq!((&ack["type"], ack.get("containsPHI")), (&json!("ack"), None));
    let heard = bobs.hear("new_message").await;
    assert_eq!((&heard["data"]["containsPHI"], heard["data"].get("phiSuspected")), (&json!(false), None));
    let posted = alice.say(&ward, SSN).await;
    assert_eq!((&posted["containsPHI"], &posted["phiSuspected"]), (&json!(false), &json!(["ssn", "phone"])));
    assert_eq!(bob.page(&ward).await[0].get("phiSuspected"), None);
    // What is marked, and what is nothing, is not spoken of.
    assert_eq!(hers.ask(send(&ward, SSN, true)).await.get("phiSuspected"), None);
    assert_eq!(hers.ask(send(&ward, "the potassium is 6.1", false)).await.get("phiSuspected"), None);
    assert_eq!(alice.say_phi(&ward, SSN).await.get("phiSuspected"), None);
    // Metadata is read by people too.
    let body =
        json!({ "channelId": ward, "text": "see below", "metadata": { "rows": [{ "title": "SSN 536-22-1234" }] } });
    assert_eq!(alice.post("/api/messages", &body).await.json_of(201)["phiSuspected"], json!(["ssn"]));

    choose(&dora, "phi.policy", json!("mark")).await;
    let ack = hers.ask(send(&ward, SSN, false)).await;
    assert_eq!((&ack["phiSuspected"], &ack["containsPHI"]), (&json!(["ssn", "phone"]), &json!(true)), "{ack}");
    let posted = alice.say(&ward, SSN).await;
    assert_eq!((&posted["containsPHI"], &posted["phiSuspected"]), (&json!(true), &json!(["ssn", "phone"])));
    assert_eq!(bob.page(&ward).await[0]["containsPHI"], true);
    assert_eq!(alice.say(&ward, "lunch").await["containsPHI"], false);

    choose(&dora, "phi.policy", json!("refuse")).await;
    let before = alice.page(&ward).await.len();
    let refused = hers.ask(send(&ward, SSN, false)).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("phi_unmarked")));
    let answer = alice.post("/api/messages", &json!({ "channelId": ward, "text": SSN })).await;
    answer.is_refusal(400, "phi_unmarked");
    assert!(answer.text().contains("ssn, phone") && !answer.text().contains("536"), "{}", answer.text());
    assert_eq!(alice.page(&ward).await.len(), before, "nothing was stored");
    assert_eq!(alice.say_phi(&ward, SSN).await["text"], SSN, "marked, it is sent");

    // An edit is a way of sending, and so is taking the mark away.
    let marked = alice.say_phi(&ward, SSN).await["id"].as_str().unwrap().to_owned();
    let plain = alice.say(&ward, "lunch").await["id"].as_str().unwrap().to_owned();
    let path = |id: &str| format!("/api/messages/{id}");
    alice.put(&path(&plain), &json!({ "text": SSN })).await.is_refusal(400, "phi_unmarked");
    alice.put(&path(&marked), &json!({ "containsPHI": false })).await.is_refusal(400, "phi_unmarked");
    alice.put(&path(&marked), &json!({ "text": format!("{SSN}!") })).await.json_of(200);
    alice.put(&path(&marked), &json!({ "text": "no more", "containsPHI": false })).await.json_of(200);
    alice.put(&path(&plain), &json!({ "text": SSN, "containsPHI": true })).await.json_of(200);
    choose(&dora, "phi.policy", json!("mark")).await;
    let edited = alice.put(&path(&marked), &json!({ "text": SSN })).await.json_of(200);
    assert_eq!((&edited["containsPHI"], &edited["phiSuspected"]), (&json!(true), &json!(["ssn", "phone"])));
    choose(&dora, "phi.policy", json!("refuse")).await;

    choose(&dora, "phi.kinds", json!(["mrn"])).await;
    assert_eq!(alice.say(&ward, SSN).await["containsPHI"], false, "only what is looked for is found");
    choose(&dora, "phi.mrnPatterns", json!([r"NW-?\d{7}"])).await;
    alice
        .post("/api/messages", &json!({ "channelId": ward, "text": "see NW1234567" }))
        .await
        .is_refusal(400, "phi_unmarked");
    for (name, value) in [
        ("phi.policy", json!("Refuse")),
        ("phi.kinds", json!(["ssn", "zebra"])),
        ("phi.mrnPatterns", json!(["("])),
        ("phi.mrnPatterns", json!([".*"])),
    ] {
        let answer = dora.put(&format!("/api/settings/{name}"), &json!({ "value": value })).await;
        answer.is_refusal(400, "invalid_field");
        assert!(!answer.text().contains("zebra"));
    }

    choose(&dora, "phi.policy", json!("off")).await;
    assert_eq!(alice.say(&ward, "see NW1234567").await.get("phiSuspected"), None);
    alice.put("/api/settings/phi.policy", &json!({ "value": "off" })).await.is_refusal(403, "not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_text_can_be_looked_at_before_it_is_sent() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let rows = async || {
        let rows = dora.whole_list("/api/audit?limit=200").await.into_iter();
        // Looking at the log is in the log.
        rows.filter(|row| row["action"] != "audit.list").count()
    };
    let before = rows().await;
    let check = |text: &str| json!({ "text": text });
    let text = "🙂 Mr. Müller, MRN 00123456";
    let found = alice.post("/api/phi/check", &check(text)).await.json_of(200);
    let expected = json!({
        "kinds": ["mrn", "name"],
        "findings": [{ "kind": "name", "start": 6, "end": 12 }, { "kind": "mrn", "start": 18, "end": 26 }],
        "policy": "suggest",
    });
    assert_eq!(found, expected);
    let at = |n: usize, m: usize| text.chars().skip(n).take(m - n).collect::<String>();
    assert_eq!((at(6, 12), at(18, 26)), ("Müller".to_owned(), "00123456".to_owned()));

    let nothing = json!({ "kinds": [], "findings": [], "policy": "suggest" });
    for text in ["", "lunch", "\u{0}\u{202e}", &"x".repeat(16_000)] {
        assert_eq!(alice.post("/api/phi/check", &check(text)).await.json_of(200), nothing);
    }
    alice.post("/api/phi/check", &check(&"x".repeat(16_001))).await.is_refusal(400, "invalid_field");
    alice.post("/api/phi/check", &json!({ "text": [MARK] })).await.is_refusal(400, "invalid_field");
    alice.post("/api/phi/check", &json!({})).await.is_refusal(400, "invalid_field");
    alice.post("/api/phi/check", &check(&format!("{MARK} SSN 536-22-1234"))).await.json_of(200);

    // Twenty at once, then five a second.
    let mut refused = None;
    for _ in 0..21 {
        let answer = alice.post("/api/phi/check", &check("x")).await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("too many");
    refused.is_refusal(429, "too_many_checks");
    assert!(refused.header("retry-after").is_some());
    clinic.pass(1);
    alice.post("/api/phi/check", &check("x")).await.json_of(200);
    assert!(alice.list("/api/messages").await.is_empty());
    assert_eq!(rows().await, before, "nothing is recorded");
    assert!(log::lines() > 0 && !log::heard_the_mark(), "nothing is logged");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn patient_details_are_revealed_once_for_a_reason_that_is_recorded() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let secret = format!("{MARK} is in bed 4");
    let message = alice.say_phi(&ward, &secret).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/messages/{message}");
    let reveal = format!("{path}/reveal");
    let because = |reason: &str| json!({ "reason": reason });

    dora.get(&path).await.is_refusal(404, "not_found");
    let revealed = dora.post(&reveal, &because("emergency")).await.json_of(200);
    assert_eq!((&revealed["text"], revealed.get("redacted")), (&json!(secret), None));
    let rows = dora.list("/api/audit?action=phi.reveal").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["details"], json!({ "channelId": ward, "messageId": message, "reason": "emergency" }));
    assert_eq!(rows[0]["username"], "dora");
    // Once: it gives no right to the next look, and each is recorded.
    dora.get(&path).await.is_refusal(404, "not_found");
    dora.post(&reveal, &because("legal")).await.json_of(200);
    dora.post(&reveal, &because("legal")).await.json_of(200);
    assert_eq!(dora.list("/api/audit?action=phi.reveal").await.len(), 3);

    for bad in [
        json!({}),
        because(""),
        because("Emergency"),
        because(MARK),
        json!({ "reason": 7 }),
        json!({ "reason": "legal", "userId": bob.id }),
    ] {
        let answer = dora.post(&reveal, &bad).await;
        answer.is_refusal(400, "invalid_field");
        assert!(!answer.text().contains(MARK));
    }
    dora.post(&format!("/api/messages/{NOWHERE}/reveal"), &because("legal")).await.is_refusal(404, "not_found");
    for person in [&alice, &bob, &adam] {
        let (there, nowhere) = (
            person.post(&reveal, &because("legal")).await,
            person.post(&format!("/api/messages/{NOWHERE}/reveal"), &because("legal")).await,
        );
        there.is_refusal(403, "not_allowed");
        nowhere.is_refusal(403, "not_allowed");
    }
    assert_eq!(dora.list("/api/audit?action=phi.reveal").await.len(), 3, "what was refused revealed nothing");
    let audit = Value::from(dora.whole_list("/api/audit?limit=200").await).to_string();
    assert!(!audit.contains(MARK) && !log::heard_the_mark());
}
