//! The audit log, looked through and taken away: filters that combine, short pages that go on, files that a
//! spreadsheet cannot be tricked with.

use serde_json::{Value, json};

use crate::driver::line::Answer;
use crate::fixture::shape::{AUDIT, has_fields};
use crate::fixture::{Clinic, Person};
use crate::people::{NOWHERE, faults, path};

fn numbers(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["number"].as_i64().unwrap()).collect()
}

/// A moment as a query carries it.
fn moment(row: &Value) -> &str {
    row["timestamp"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn filters_of_the_log_combine_and_pages_follow_them() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let other = bob.channel("Ward 4", &[]).await;
    for n in 0..5 {
        clinic.pass(60);
        alice.say(&ward, &format!("a{n}")).await;
        bob.say(&ward, &format!("b{n}")).await;
        bob.say(&other, &format!("c{n}")).await;
    }
    let all = dora.whole_list("/api/audit?limit=200").await;
    let pick = |fits: &dyn Fn(&Value) -> bool| -> Vec<i64> {
        numbers(&all.iter().filter(|row| fits(row)).cloned().collect::<Vec<_>>())
    };
    let posted = |row: &Value| row["action"] == "messages.post";
    let (from, to) = {
        let posts: Vec<&Value> = all.iter().filter(|row| posted(row)).collect();
        (moment(posts[11]).to_owned(), moment(posts[3]).to_owned())
    };
    let within = |row: &Value| moment(row) >= from.as_str() && moment(row) <= to.as_str();
    let cases: Vec<(String, Vec<i64>)> = vec![
        (format!("userId={}", alice.id), pick(&|row| row["userId"] == alice.id)),
        ("action=messages.post".into(), pick(&posted)),
        ("resource=messages".into(), pick(&|row| row["action"].as_str().unwrap().starts_with("messages."))),
        ("resource=message".into(), vec![]),
        (format!("resource={ward}"), pick(&|row| row["details"]["channelId"] == ward)),
        (format!("resource={}", ward.to_uppercase()), pick(&|row| row["details"]["channelId"] == ward)),
        (format!("resource={NOWHERE}"), vec![]),
        (format!("action=messages.post&from={from}&to={to}"), pick(&|row| posted(row) && within(row))),
        (
            format!("userId={}&resource={ward}&action=messages.post&from={from}&ipAddress=127.0.0.1", bob.id),
            pick(&|r| {
                r["userId"] == bob.id && posted(r) && r["details"]["channelId"] == ward && moment(r) >= from.as_str()
            }),
        ),
        ("ipAddress=127.0.0.1&action=messages.post".into(), pick(&posted)),
        ("ipAddress=::ffff:127.0.0.1&action=messages.post".into(), pick(&posted)),
        ("ipAddress=10.9.8.7".into(), vec![]),
        ("from=2999-01-01T00:00:00Z".into(), vec![]),
        ("to=1999-01-01T00:00:00Z".into(), vec![]),
    ];
    for (query, expected) in cases {
        let whole = dora.whole_list(&format!("/api/audit?limit=200&{query}")).await;
        assert_eq!(numbers(&whole), expected, "{query}");
        let paged = dora.whole_list(&format!("/api/audit?limit=2&{query}")).await;
        assert_eq!(numbers(&paged), expected, "{query}, by twos");
    }
    assert!(pick(&posted).len() == 15 && pick(&within).len() >= 9, "there was something to find");

    for (field, value) in [
        ("userId", "7"),
        ("action", "Drop%20Table"),
        ("action", &"a".repeat(101)),
        ("resource", "a%27b"),
        ("resource", "messages."),
        ("resource", &"a".repeat(101)),
        ("from", "yesterday"),
        ("to", "2026-13-01T00:00:00Z"),
        ("to", "99999999999999999999"),
        ("ipAddress", "10.0.0.0/8"),
        ("ipAddress", "localhost"),
        ("before", "x"),
        ("before", "99999999999999999999"),
        ("limit", "0"),
        ("limit", "201"),
    ] {
        assert_eq!(faults(&dora.get(&format!("/api/audit?{field}={value}")).await), [field], "{value}");
    }
    let crossed = "/api/audit?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    assert_eq!(faults(&dora.get(crossed).await), ["to"]);
    let both = "/api/audit?action=A&resource=B!&from=x&to=y&ipAddress=z";
    assert_eq!(faults(&dora.get(both).await), ["action", "resource", "from", "to", "ipAddress"], "all at once");
    for edge in ["before=0", "before=-9223372036854775808", "after=9223372036854775807"] {
        assert_eq!(dora.list(&format!("/api/audit?{edge}")).await, Vec::<Value>::new(), "{edge}");
    }
    assert_eq!(dora.list("/api/audit?after=-5&limit=1").await[0]["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_one_person_did_is_shown_to_that_person_and_to_auditors() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    alice.say(&ward, "hello").await;
    bob.say(&ward, "hello").await;
    let of = |person: &Person| format!("{}/audit-log", path(person));
    let own = alice.list(&of(&alice)).await;
    assert!(own.len() >= 3 && own.iter().all(|row| row["userId"] == alice.id));
    for row in &own {
        has_fields(row, AUDIT);
    }
    let paged = dora.whole_list(&format!("{}?limit=2", of(&bob))).await;
    assert_eq!(numbers(&paged), numbers(&dora.list(&format!("/api/audit?userId={}", bob.id)).await));
    for person in [&bob, &mona] {
        person.get(&of(&alice)).await.is_refusal(403, "not_allowed");
    }
    dora.get(&format!("/api/users/{NOWHERE}/audit-log")).await.is_refusal(404, "not_found");
    let read = dora.list("/api/audit?action=audit.of_user").await;
    assert!(read.iter().any(|row| row["details"] == json!({ "targetUserId": bob.id })), "reading it is recorded");
    dora.delete(&path(&alice)).await.json_of(200);
    assert!(!dora.list(&of(&alice)).await.is_empty(), "what a deleted account did stays");
}

fn file(answer: &Answer, content_type: &str, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with(content_type));
    assert_eq!(answer.header("content-disposition"), Some(format!("attachment; filename=\"{name}\"").as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.text()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_log_is_taken_away_whole_or_filtered_and_that_is_recorded() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    // Names and what a client calls itself are other people's words.
    let eve = clinic.hire(&dora, "-2+3", "user").await;
    let agent = [("User-Agent", "=HYPERLINK(\"https://evil.example\",\"x\"), \"quoted\"")];
    eve.ask_with("POST", "/api/channels", &agent, Some(&json!({ "name": "x" }))).await.json_of(201);
    eve.get("/api/audit/export").await.is_refusal(403, "not_allowed");

    let lines = dora.get("/api/audit/export?format=jsonl").await;
    let text = file(&lines, "application/jsonl", "audit.jsonl");
    let exported: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut listed = dora.whole_list("/api/audit?limit=200").await;
    listed.reverse();
    assert_eq!(exported, listed[..exported.len()], "oldest first, as the list shows it");
    let last = exported.last().unwrap();
    assert_eq!((&last["action"], &last["username"]), (&json!("audit.export"), &json!("dora")));
    assert_eq!(last["details"], json!({ "format": "jsonl", "filtered": false }));

    let table = dora.get(&format!("/api/audit/export?format=csv&userId={}", eve.id)).await;
    let text = file(&table, "text/csv", "audit.csv");
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(rows[0], "number,timestamp,userId,username,action,details,ipAddress,userAgent,id");
    assert_eq!(rows.last(), Some(&""), "every line is ended");
    let made = rows.iter().find(|row| row.contains(",channels.create,")).expect("the channel");
    assert!(made.contains(",\"'-2+3\",channels.create,"), "{made}");
    assert!(made.contains(",\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\"), \"\"quoted\"\"\","), "{made}");
    assert!(rows[1..rows.len() - 1].iter().all(|row| row.contains(&eve.id)), "{text}");

    let nothing = dora.get("/api/audit/export?action=never.done").await;
    assert_eq!(file(&nothing, "text/csv", "audit.csv").lines().count(), 1, "the head alone");
    let nothing = dora.get("/api/audit/export?format=jsonl&action=never.done").await;
    assert_eq!(file(&nothing, "application/jsonl", "audit.jsonl"), "");
    assert_eq!(faults(&dora.get("/api/audit/export?format=xml").await), ["format"]);
    assert_eq!(faults(&dora.get("/api/audit/export?from=now").await), ["from"]);
    let kept = dora.list("/api/audit?action=audit.export").await;
    assert_eq!(kept.len(), 4, "what was refused took nothing away");
    assert_eq!(kept[0]["details"], json!({ "format": "jsonl", "filtered": true }));
}

/// 60,000 rows behind the server's back: more than one page looks through, and more than one slice of an export.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_looked_through_stretch_by_stretch() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    clinic
        .sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
             INSERT INTO audit_logs (id, action, details, timestamp, number, mac)
                SELECT randomblob(16), 'filler.row', '{}', 1000000 * i, (SELECT audit_number FROM heads) + i, x''
                FROM n;
             UPDATE heads SET audit_number = audit_number + 60000;",
        )
        .await;
    let rare = format!("/api/audit?userId={}&limit=5", alice.id);
    let first = dora.get(&rare).await;
    assert_eq!(first.json_of(200), json!([]), "nothing so far, and that is not the end");
    let next = dora.get(&first.next_page().expect("where to go on")).await;
    assert_eq!(next.json_of(200)[0]["action"], "auth.login");
    assert_eq!(next.next_page(), None);
    assert_eq!(dora.whole_list(&rare).await.len(), 1);
    // What is asked for since a moment ends where the log is older.
    let recent = dora.get("/api/audit?action=never.done&from=2020-01-01T00:00:00Z").await;
    assert_eq!((recent.json_of(200), recent.next_page()), (json!([]), None));

    let exported = dora.get("/api/audit/export?format=jsonl").await.text();
    let count = exported.lines().count();
    assert!(count > 60_000, "{count}");
    let last: Value = serde_json::from_str(exported.lines().last().unwrap()).unwrap();
    assert_eq!((last["action"].as_str(), last["number"].as_i64()), (Some("audit.export"), i64::try_from(count).ok()));
}
