//! What has not been read, how channels are found, changed, taken away and put back.

use mcp_messenger::clock::Clock as _;
use serde_json::{Value, json};

use crate::fixture::{Clinic, Person, Socket};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

async fn shown(person: &Person, channel: &str) -> Value {
    person.get(&format!("/api/channels/{channel}")).await.json_of(200)
}

async fn listed(person: &Person, channel: &str) -> Value {
    let list = person.list("/api/channels").await;
    list.into_iter().find(|c| c["id"] == channel).expect("the channel in the list")
}

async fn named(person: &Person, query: &str) -> Vec<String> {
    let list = person.list(&format!("/api/channels?{query}")).await;
    list.iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
}

async fn event(socket: &mut Socket, event_type: &str) -> Value {
    socket.hear_where(event_type, |f| f["type"] == "system_event" && f["eventType"] == event_type).await["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_others_posted_is_counted_until_it_is_read_and_across_a_restart() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.make_channel("Ward 3", false, &[]).await;
    for n in 0..3 {
        alice.say(&ward, &format!("before {n}")).await;
    }
    assert_eq!(shown(&bob, &ward).await["lastReadSeq"], Value::Null, "outside there is nothing to read up to");
    assert_eq!(shown(&bob, &ward).await["unreadCount"], 0);
    bob.listening(&ward).await;
    assert_eq!(listed(&bob, &ward).await["unreadCount"], 0, "what was there before one came is read");
    assert_eq!(listed(&bob, &ward).await["lastReadSeq"], 3);

    alice.say(&ward, "one").await;
    bob.say(&ward, "my own").await;
    alice.say(&ward, "two").await;
    for channel in [listed(&bob, &ward).await, shown(&bob, &ward).await] {
        assert_eq!(channel["unreadCount"], 2, "one's own messages do not count: {channel}");
        assert_eq!(channel["mentionCount"], 0);
    }
    clinic.restart().await;
    let bob = bob.by(clinic.line());
    assert_eq!(listed(&bob, &ward).await["unreadCount"], 2);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn channels_are_found_by_what_is_said_of_them() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let make = |name: &str, category: &str, tags: Value| json!({ "name": name, "category": category, "tags": tags });
    let body = make("Ward 3", "wards", json!(["Night", "nursing", "night"]));
    let ward = alice.post("/api/channels", &body).await.json_of(201);
    assert_eq!(ward["tags"], json!(["night", "nursing"]), "in lower case, each once");
    // Ids sort by time.
    clinic.pass(1);
    alice.post("/api/channels", &make("Lab", "services", json!(["night"]))).await.json_of(201);
    clinic.pass(1);
    let old = alice.post("/api/channels", &make("Ward 1", "wards", json!([]))).await.json_of(201);
    alice
        .put(&format!("/api/channels/{}", old["id"].as_str().unwrap()), &json!({ "archived": true }))
        .await
        .json_of(200);
    alice.channel("Staff", &[]).await;

    assert_eq!(named(&bob, "").await, ["Ward 3", "Lab"], "archived ones are not in the list, private ones neither");
    assert_eq!(named(&bob, "archived=true").await, ["Ward 1"]);
    assert_eq!(named(&bob, "archived=all&category=wards").await, ["Ward 3", "Ward 1"]);
    assert_eq!(named(&bob, "tag=NIGHT").await, ["Ward 3", "Lab"]);
    assert_eq!(named(&bob, "tag=night&category=services").await, ["Lab"]);
    assert_eq!(named(&bob, "tag=nobody").await, Vec::<String>::new());
    assert_eq!(named(&alice, "kind=channel&limit=2").await, ["Ward 3", "Lab"]);
    assert_eq!(named(&alice, "kind=group").await, Vec::<String>::new());
    for query in ["kind=ward", "archived=maybe", "limit=0", "limit=201", "before=x", "after=7"] {
        bob.get(&format!("/api/channels?{query}")).await.is_refusal(400, "invalid_field");
    }
    let whole = alice.whole_list("/api/channels?limit=1&archived=all").await;
    assert_eq!(whole.len(), 4, "the filters go along with the pages");
    let people = format!("/api/channels/{}/members", ward["id"].as_str().unwrap());
    for query in ["before=x", &format!("after={NOWHERE}&before={NOWHERE}"), "limit=1000"] {
        bob.get(&format!("{people}?{query}")).await.is_refusal(400, "invalid_field");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn members_are_paged_by_name() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = dora.channel("Ward 3", &[&bob, &alice]).await;
    let path = format!("/api/channels/{ward}/members");
    let names = |rows: Vec<Value>| rows.iter().map(|m| m["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(bob.whole_list(&format!("{path}?limit=1")).await), ["alice", "bob", "dora"]);
    assert_eq!(names(bob.list(&format!("{path}?limit=1&after={}", dora.id)).await), ["bob"]);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_channel_is_changed_field_by_field_and_its_members_hear_of_it() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let mona = clinic.mona(&dora).await;
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let path = format!("/api/channels/{ward}");
    let (mut hears, mut outside) = (bob.socket().await, mona.socket().await);
    let body = json!({
        "name": " Ward 4 ", "description": "Two\nlines", "topic": "Night shift", "category": "wards",
        "tags": ["b", "a"], "metadata": { "floor": 4 }, "slowModeSeconds": 5, "nonsense": 1,
    });
    let changed = alice.put(&path, &body).await.json_of(200);
    for (field, value) in [
        ("name", json!("Ward 4")),
        ("description", json!("Two\nlines")),
        ("topic", json!("Night shift")),
        ("category", json!("wards")),
        ("tags", json!(["a", "b"])),
        ("metadata", json!({ "floor": 4 })),
        ("slowModeSeconds", json!(5)),
        ("isPrivate", json!(true)),
    ] {
        assert_eq!(changed[field], value, "{field}");
    }
    assert_eq!(shown(&bob, &ward).await["topic"], "Night shift");
    let told = event(&mut hears, "channel_updated").await;
    assert_eq!(told["channelId"], *ward);
    assert_eq!(
        told["changed"],
        json!(["name", "description", "topic", "category", "tags", "metadata", "slowModeSeconds"])
    );
    assert!(outside.catch_up().await.is_empty(), "it is the members' business");

    let cleared = alice
        .put(&path, &json!({ "description": null, "topic": null, "category": null, "tags": null, "metadata": null }))
        .await
        .json_of(200);
    for (field, value) in [("description", json!(null)), ("topic", json!(null)), ("tags", json!([]))] {
        assert_eq!(cleared[field], value, "{field}");
    }
    assert_eq!(cleared["name"], "Ward 4", "what is missing stays");
    assert_eq!(
        dora.list("/api/audit?action=channels.update").await[0]["details"],
        json!({
            "channelId": ward, "description": true, "topic": true, "category": true, "tags": true, "metadata": true,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn two_who_change_a_channel_do_not_undo_each_other() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let ward = alice.channel("Ward 3", &[]).await;
    let path = format!("/api/channels/{ward}");
    let seen = alice.get(&path).await.header("etag").expect("an ETag").to_owned();
    let topic = |text: &str| json!({ "topic": text });
    let with = |tag: &str| vec![("if-match", tag.to_owned())];
    let put = async |tag: &str, body: &Value| {
        let headers = with(tag);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        alice.ask_with("PUT", &path, &headers, Some(body)).await
    };
    let first = put(&seen, &topic("first")).await;
    let newer = first.header("etag").expect("an ETag").to_owned();
    first.json_of(200);
    put(&seen, &topic("second")).await.is_refusal(412, "stale");
    assert_eq!(shown(&alice, &ward).await["topic"], "first");
    put(&newer, &topic("third")).await.json_of(200);
    put("*", &topic("fourth")).await.json_of(200);
    alice.put(&path, &topic("fifth")).await.json_of(200);
    assert_eq!(shown(&alice, &ward).await["topic"], "fifth");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_a_channel_cannot_be_is_refused_and_changes_nothing() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let path = format!("/api/channels/{ward}");
    let before = shown(&alice, &ward).await;
    let long = |n: usize| "x".repeat(n);
    let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    for (field, values) in [
        (
            "name",
            vec![json!(null), json!(""), json!("  "), json!(long(101)), json!("a\u{202e}b"), json!("a\u{0}"), json!(7)],
        ),
        ("description", vec![json!(long(1_001)), json!("\u{2066}"), json!([])]),
        ("topic", vec![json!(long(251)), json!("a\nb"), json!("\u{7}"), json!(1)]),
        ("category", vec![json!(long(51)), json!("\u{202a}x"), json!({})]),
        ("tags", vec![json!("x"), json!([1]), json!([""]), json!([long(51)]), json!(["a\u{1b}"]), json!(many)]),
        ("metadata", vec![json!([]), json!("x"), json!({ "a": long(8_200) })]),
        ("slowModeSeconds", vec![json!(-1), json!(21_601), json!(1.5), json!("1"), json!(u64::MAX)]),
        ("isPrivate", vec![json!("yes"), json!(null), json!(1)]),
        ("archived", vec![json!(0), json!(null)]),
        ("password", vec![json!("short"), json!(long(1_025)), json!(12_345_678)]),
        ("expiresAt", vec![json!("soon"), json!("2020-01-01T00:00:00Z"), json!("2999-01-01T00:00:00Z"), json!(5)]),
        ("id", vec![json!(NOWHERE)]),
        ("createdBy", vec![json!(bob.id)]),
        ("createdAt", vec![json!("2020-01-01T00:00:00Z")]),
        ("kind", vec![json!("direct"), json!("channel")]),
        ("members", vec![json!([])]),
        ("hasPassword", vec![json!(true)]),
    ] {
        for value in values {
            let mut body = json!({ "topic": "changed" });
            body[field] = value.clone();
            let refused = alice.put(&path, &body).await;
            refused.is_refusal(400, "invalid_field");
            let problem = refused.json().unwrap();
            assert_eq!(problem["errors"][0]["field"], field, "{value}");
            assert!(!refused.text().contains(&long(51)), "nothing is repeated");
        }
    }
    assert_eq!(shown(&alice, &ward).await, before);
    for (field, value) in [
        ("name", json!(long(100))),
        ("description", json!(long(1_000))),
        ("topic", json!("ü".repeat(250))),
        ("category", json!(long(50))),
        ("tags", json!(many[..20])),
        ("slowModeSeconds", json!(21_600)),
        ("slowModeSeconds", json!(0)),
        ("password", json!(long(8))),
    ] {
        let mut body = json!({});
        body[field] = value;
        alice.put(&path, &body).await.json_of(200);
    }
    let text = alice.get(&path).await.text();
    assert!(!text.contains("argon2") && !text.contains("password_hash"), "the hash never travels");

    // A moderator sees to what is said; who may come in, and for how long, is the owners' to say.
    bob.put(&path, &json!({ "topic": "mine" })).await.is_refusal(403, "not_a_moderator");
    alice.put(&format!("{path}/members/{}", bob.id), &json!({ "role": "moderator" })).await.json_of(200);
    bob.put(&path, &json!({ "topic": "mine" })).await.json_of(200);
    for body in [json!({ "isPrivate": false }), json!({ "password": null }), json!({ "expiresAt": null })] {
        bob.put(&path, &body).await.is_refusal(403, "not_an_owner");
    }
    bob.delete(&path).await.is_refusal(403, "not_an_owner");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_archived_channel_is_for_reading_until_it_is_opened_again() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.make_channel("Ward 3", false, &[&bob]).await;
    let path = format!("/api/channels/{ward}");
    alice.say(&ward, "hello").await;
    let mut hears = bob.socket().await;
    assert_eq!(alice.put(&path, &json!({ "archived": true })).await.json_of(200)["archived"], true);
    event(&mut hears, "channel_archived").await;
    let post = json!({ "channelId": ward, "text": "x" });
    for person in [&alice, &bob] {
        person.post("/api/messages", &post).await.is_refusal(403, "channel_archived");
        assert_eq!(person.page(&ward).await.len(), 1);
    }
    dora.post(&format!("{path}/join"), &json!({})).await.is_refusal(403, "channel_archived");
    assert!(alice.list("/api/channels").await.is_empty());
    alice.put(&path, &json!({ "archived": false })).await.json_of(200);
    event(&mut hears, "channel_unarchived").await;
    bob.post("/api/messages", &post).await.json_of(201);
    let rows = dora.list("/api/audit?action=channels.update").await;
    assert_eq!(rows[0]["details"], json!({ "channelId": ward, "archived": false }));
    assert_eq!(rows[1]["details"], json!({ "channelId": ward, "archived": true }));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_deleted_channel_is_gone_for_everybody_and_can_be_put_back_for_thirty_days() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let ward = alice.make_channel("Ward 3", false, &[&bob]).await;
    let path = format!("/api/channels/{ward}");
    let message = alice.say(&ward, "hello").await["id"].as_str().unwrap().to_owned();
    let (mut listens, mut outside) = (bob.listening(&ward).await, mona.socket().await);
    let gone = alice.delete(&path).await.json_of(200);
    assert_eq!(gone["success"], true);
    assert_eq!(event(&mut listens, "channel_deleted").await, json!({ "channelId": ward, "reason": "deleted" }));
    assert!(outside.catch_up().await.is_empty());

    for person in [&alice, &bob, &mona, &dora] {
        person.get(&path).await.is_refusal(404, "not_found");
        person.put(&path, &json!({ "topic": "x" })).await.is_refusal(404, "not_found");
        person.delete(&path).await.is_refusal(404, "not_found");
        person.post(&format!("{path}/join"), &json!({})).await.is_refusal(404, "not_found");
        person.get(&format!("/api/messages?channelId={ward}")).await.is_refusal(404, "not_found");
        person.get(&format!("/api/messages/{message}")).await.is_refusal(404, "not_found");
        person.post("/api/messages", &json!({ "channelId": ward, "text": "x" })).await.is_refusal(404, "not_found");
        assert!(!person.list("/api/channels?archived=all").await.iter().any(|c| c["id"] == *ward));
        assert!(person.list("/api/messages").await.is_empty());
    }
    assert_eq!(listens.try_send(&ward, "x").await["code"], "not_found");

    alice.post(&format!("{path}/restore"), &json!({})).await.is_refusal(403, "not_allowed");
    let bin = mona.list("/api/channels/deleted").await;
    assert_eq!(bin.len(), 1);
    assert_eq!(
        (&bin[0]["id"], &bin[0]["name"], &bin[0]["deletedBy"]),
        (&json!(ward), &json!("Ward 3"), &json!(alice.id))
    );
    clinic.pass(24 * 60 * 60);
    let (mona, bob) = (clinic.sign_in("mona").await, clinic.sign_in("bob").await);
    let mut hears = bob.socket().await;
    mona.post(&format!("{path}/restore"), &json!({})).await.json_of(200);
    event(&mut hears, "channel_restored").await;
    assert_eq!(bob.page(&ward).await.len(), 1, "with its messages and its members");
    assert_eq!(shown(&bob, &ward).await["members"].as_array().unwrap().len(), 2);
    mona.post(&format!("{path}/restore"), &json!({})).await.is_refusal(404, "not_found");

    mona.delete(&path).await.json_of(200);
    clinic.pass(30 * 24 * 60 * 60);
    let mona = clinic.sign_in("mona").await;
    mona.post(&format!("{path}/restore"), &json!({})).await.is_refusal(404, "not_found");
    assert!(mona.list("/api/channels/deleted").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_temporary_channel_ends_at_its_time_unless_the_clock_leapt() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let steady = clinic.steady();
    let in_an_hour =
        |minutes: i64| clinic.clock.now().plus(std::time::Duration::from_secs(60 * minutes.unsigned_abs())).to_string();
    let body = json!({ "name": "Today", "isPrivate": true, "members": [bob.id], "expiresAt": in_an_hour(60) });
    let today = alice.post("/api/channels", &body).await.json_of(201)["id"].as_str().unwrap().to_owned();
    let body = json!({ "name": "Later", "expiresAt": in_an_hour(120) });
    let later = alice.post("/api/channels", &body).await.json_of(201)["id"].as_str().unwrap().to_owned();
    let mut hears = bob.socket().await;
    clinic.pass(59 * 60);
    clinic.end_channels(&steady).await;
    shown(&bob, &today).await;
    clinic.pass(60);
    clinic.end_channels(&steady).await;
    assert_eq!(event(&mut hears, "channel_deleted").await, json!({ "channelId": today, "reason": "expired" }));
    bob.get(&format!("/api/channels/{today}")).await.is_refusal(404, "not_found");
    let rows = dora.list("/api/audit?action=channels.expire").await;
    assert_eq!((rows.len(), &rows[0]["userId"]), (1, &Value::Null));

    // Somebody sets the clock a month ahead: nothing ends by it, until it has run steadily.
    clinic.clock.set(clinic.clock.now().plus(std::time::Duration::from_hours(24 * 30)));
    clinic.end_channels(&steady).await;
    let alice = clinic.sign_in("alice").await;
    shown(&alice, &later).await;
    clinic.pass(60 * 60);
    clinic.end_channels(&steady).await;
    alice.get(&format!("/api/channels/{later}")).await.is_refusal(404, "not_found");

    // What is put back does not end again by an end that is past.
    let dora = clinic.sign_in("dora").await;
    dora.post(&format!("/api/channels/{later}/restore"), &json!({})).await.json_of(200);
    clinic.end_channels(&steady).await;
    assert_eq!(shown(&alice, &later).await["expiresAt"], Value::Null);
}
