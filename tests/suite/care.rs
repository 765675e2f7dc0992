//! Looking after the server: its logs, the chain of its audit log, the file for whoever helps, people by the list.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::fixture::{Clinic, Person, until};

/// Where the checking of the chain is asked for.
const CHAIN: &str = "/api/audit/verification";

/// Writes lines of a log as the server's own files have them.
fn write_log(clinic: &Clinic, log: &str, lines: &[(&str, &str)]) {
    let folder = clinic.data_dir().join("logs");
    std::fs::create_dir_all(&folder).unwrap();
    let mut text = String::new();
    for (n, (level, message)) in lines.iter().enumerate() {
        let time = format!("2026-11-20T10:00:{n:02}.000Z");
        let _ = writeln!(
            text,
            r#"{{"time":"{time}","level":"{level}","message":"{message}","target":"mcp_messenger::edge"}}"#
        );
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).append(true).open(folder.join(format!("{log}.log"))).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_looked_through_and_watched_by_those_who_may() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    assert_eq!(dora.list("/api/admin/logs/system").await, Vec::<Value>::new());
    write_log(
        &clinic,
        "system",
        &[("INFO", "started"), ("WARN", "a handshake failed"), ("ERROR", "the disk is FULL"), ("INFO", "stopping")],
    );
    let messages =
        |lines: Vec<Value>| lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        messages(dora.list("/api/admin/logs/system").await),
        ["stopping", "the disk is FULL", "a handshake failed", "started"]
    );
    assert_eq!(
        messages(dora.list("/api/admin/logs/system?level=warn").await),
        ["the disk is FULL", "a handshake failed"]
    );
    assert_eq!(messages(dora.list("/api/admin/logs/system?q=full").await), ["the disk is FULL"]);
    assert_eq!(
        messages(dora.list("/api/admin/logs/system?since=2026-11-20T10:00:02Z").await),
        ["stopping", "the disk is FULL"]
    );
    assert_eq!(messages(dora.whole_list("/api/admin/logs/system?limit=1").await).len(), 4);
    for wrong in ["?level=loud", "?since=yesterday", "?limit=0", "?after=x"] {
        dora.get(&format!("/api/admin/logs/system{wrong}")).await.is_refusal(400, "invalid_field");
    }
    dora.get("/api/admin/logs/other").await.is_refusal(404, "not_found");
    alice.get("/api/admin/logs/system").await.is_refusal(403, "not_allowed");
    let state = dora.get("/api/admin/logs").await.json_of(200);
    assert_eq!(state["files"], true);
    dora.put("/api/admin/logs/level", &json!({ "level": "loud" })).await.is_refusal(400, "invalid_field");

    let mut refused = alice.socket().await;
    assert_eq!(refused.ask(json!({ "type": "watch_log", "log": "system" })).await["code"], "not_allowed");
    let mut socket = dora.socket().await;
    assert_eq!(socket.ask(json!({ "type": "watch_log", "log": "other" })).await["code"], "not_found");
    socket.ask(json!({ "type": "watch_log", "log": "system" })).await;
    write_log(&clinic, "system", &[("WARN", "something new")]);
    let heard = socket.hear("log").await;
    assert_eq!((&heard["log"], heard["data"].as_array().unwrap().len()), (&json!("system"), 1));
    assert_eq!(heard["data"][0]["message"], "something new");
    socket.ask(json!({ "type": "watch_log", "log": "system", "watching": false })).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_chain_is_followed_in_the_background_and_a_changed_row_is_found() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    assert_eq!(dora.get(CHAIN).await.json_of(200)["state"], "never");
    let over = |dora: Person| async move {
        until("the end of the run", || async { dora.get(CHAIN).await.json_of(200)["state"] != "running" }).await;
        dora.get(CHAIN).await.json_of(200)
    };
    dora.post(CHAIN, &json!({})).await.json_of(200);
    let intact = over(dora.clone()).await;
    assert_eq!((&intact["state"], &intact["code"]), (&json!("intact"), &Value::Null));
    assert!(intact["checkedRows"].as_i64() > Some(0) && intact["checkedRows"] == intact["allRows"], "{intact}");
    assert!(intact["finishedAt"].is_string());
    clinic.sql("UPDATE audit_logs SET action = 'users.nothing' WHERE number = 2").await;
    dora.post(CHAIN, &json!({})).await.json_of(200);
    let broken = over(dora.clone()).await;
    assert_eq!((&broken["state"], &broken["code"]), (&json!("broken"), &json!("audit_chain_broken")));
    assert!(broken["text"].as_str().unwrap().contains("row 2"), "{broken}");
    let overview = dora.get("/api/admin/overview").await.json_of(200);
    assert_eq!(
        (&overview["health"]["status"], &overview["health"]["code"]),
        (&json!("critical"), &json!("audit_broken"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_for_whoever_helps_has_no_secret_no_person_and_no_patient() {
    let mut clinic = Clinic::open().await;
    clinic.stop().await;
    clinic.config.auth.jwt_secret = Some(mcp_messenger::config::Secret::new("MARKED-SECRET-hush-hush-hush-hush-hush"));
    clinic.config.initial_admin.email = Some("marked-person@clinic.lan".into());
    clinic.start().await;
    let dora = clinic.dora().await;
    let alice = clinic.hire(&dora, "marked-person", "user").await;
    let channel = alice.channel("MARKED-CHANNEL", &[&dora]).await;
    alice.say_phi(&channel, "MARKED-PATIENT has potassium 6.1").await;
    dora.put("/api/settings/phi.mrnPatterns", &json!({ "value": ["MARKED-\\d{6}"] })).await.json_of(200);
    dora.put("/api/announcement", &json!({ "text": "MARKED-WORDS" })).await.json_of(200);
    write_log(&clinic, "system", &[("INFO", "a plain line")]);
    clinic.keep_figures().await;
    let answer = dora.get("/api/admin/diagnostics").await;
    assert!(answer.header("content-disposition").unwrap().contains("mcp-messenger-diagnostics.json"));
    let text = answer.text();
    for private in [
        "MARKED",
        "marked-person",
        "potassium",
        "hush",
        "dora",
        "seven grey geese",
        alice.id.as_str(),
        dora.token.as_deref().unwrap(),
    ] {
        assert!(!text.contains(private), "{private} is in the file");
    }
    let whole = answer.json_of(200);
    assert_eq!(whole["log"][0]["message"], "a plain line");
    assert_eq!(
        (&whole["settings"]["JWT_SECRET"]["value"], &whole["settings"]["phi.mrnPatterns"]["value"]),
        (&json!("********"), &json!("(set)"))
    );
    assert!(whole["metrics"]["messages"]["total"].as_u64() >= Some(1) && whole["overview"]["health"].is_object());
    alice.get("/api/admin/diagnostics").await.is_refusal(403, "not_allowed");
    let about = alice.get("/api/admin/about").await.json_of(200);
    assert!(about["components"].as_array().unwrap().len() > 100 && about["version"].is_string());
}

/// Sends a list as a file.
async fn import(person: &Person, query: &str, list: &[u8]) -> crate::driver::line::Answer {
    person.send_file("POST", &format!("/api/users/import{query}"), "text/csv", list).await
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn people_come_by_the_list_all_of_them_or_none() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let list = b"Usuario;Nombre;Apellido;Correo;Rol\nana;Ana;Garc\xeda;ana@clinic.lan;moderator\nbo;Bo;Ng;;\n";
    let tried = import(&dora, "?dryRun=true", list).await.json_of(200);
    assert_eq!(
        (&tried["encoding"], &tried["separator"], &tried["good"], &tried["done"]),
        (&json!("windows-1252"), &json!(";"), &json!(2), &json!(false))
    );
    assert_eq!(dora.list("/api/users").await.len(), 2, "trying out makes nobody");

    // One bad row, and nobody comes.
    let bad =
        "username,email,role\nzoe,zoe@clinic.lan,user\nALICE,,user\nzoe,,user\nkim,no address,user\nlee,,super_duper\n";
    let refused = import(&dora, "", bad.as_bytes()).await.json_of(200);
    assert_eq!((&refused["done"], &refused["good"], &refused["faulty"]), (&json!(false), &json!(1), &json!(4)));
    let told: Vec<_> = refused["report"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), row["faults"][0]["field"].as_str()))
        .collect();
    assert_eq!(told, [(2, None), (3, Some("username")), (4, Some("username")), (5, Some("email")), (6, Some("role"))]);
    assert_eq!(dora.list("/api/users").await.len(), 2);

    let done = import(&dora, "?role=user", list).await.json_of(200);
    assert_eq!((&done["done"], done["accounts"].as_array().unwrap().len()), (&json!(true), 2));
    let ana = &done["accounts"][0];
    let shown = dora.get(&format!("/api/users/{}", ana["userId"].as_str().unwrap())).await.json_of(200);
    assert_eq!(
        (&shown["lastName"], &shown["role"], &shown["email"]),
        (&json!("García"), &json!("moderator"), &json!("ana@clinic.lan"))
    );
    // Nobody can sign in before a password was chosen by the token, which works once.
    let chosen = json!({ "token": ana["token"], "newPassword": crate::fixture::PASSWORD });
    clinic.visitor().post("/api/auth/reset-password", &chosen).await.json_of(200);
    clinic.visitor().post("/api/auth/reset-password", &chosen).await.is_refusal(403, "wrong_reset_token");
    clinic.sign_in("ana").await;
    let of_ana = dora.list(&format!("/api/audit?action=users.create&resource={}", shown["id"].as_str().unwrap())).await;
    assert_eq!((of_ana.len(), &of_ana[0]["details"]["imported"]), (1, &json!(true)));
    assert_eq!(dora.list("/api/audit?action=users.import").await.len(), 1);
    clinic.verify_audit().await.unwrap();

    // Nobody gives what they lack, and not everybody may.
    let adam = clinic.adam(&dora).await;
    let high = import(&adam, "", b"username,role\nmax,super_admin\n").await.json_of(200);
    assert_eq!((&high["done"], &high["report"][0]["faults"][0]["field"]), (&json!(false), &json!("role")));
    import(&alice, "", list).await.is_refusal(403, "not_allowed");
    for (bytes, code) in [
        (&b""[..], "list_empty"),
        (b"a,b\n1,2\n", "list_headings"),
        (b"PK\x03\x04\0", "list_unreadable"),
        (b"username\n\"a\n", "list_unreadable"),
    ] {
        import(&dora, "", bytes).await.is_refusal(400, code);
    }
    import(&dora, "?dryRun=perhaps", list).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_people_come_at_once_and_one_more_is_too_many() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let list = |count: usize| {
        let mut text = "username,first name,last name,email\n".to_owned();
        for n in 0..count {
            let _ = writeln!(text, "person{n},Given{n},Family{n},person{n}@clinic.lan");
        }
        text.into_bytes()
    };
    import(&dora, "", &list(5_001)).await.is_refusal(400, "list_too_long");
    let done = import(&dora, "", &list(5_000)).await.json_of(200);
    assert_eq!((&done["done"], done["accounts"].as_array().unwrap().len()), (&json!(true), 5_000));
    assert_eq!(dora.get("/api/admin/overview").await.json_of(200)["accounts"], 5_001);
    let again = import(&dora, "", &list(5_000)).await.json_of(200);
    assert_eq!((&again["done"], &again["faulty"]), (&json!(false), &json!(5_000)));
    let huge = vec![b'x'; (4 << 20) + 1];
    import(&dora, "", &huge).await.is_refusal(413, "too_large");
}
