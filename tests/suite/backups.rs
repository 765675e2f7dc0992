//! Backups: made by hand and by plan, in two places, sealed, kept as long as was said, and what goes wrong told.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::fixture::{Clinic, Person, until};

const PASSPHRASE: &str = "seven grey geese over the bay";
const PLAN: &str = "/api/backups/plan";

/// The files of a folder, without what stands beside them.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| Path::new(name).extension().is_none_or(|e| e != "json"));
    names.sort();
    names
}

/// Makes one and waits until it has ended.
async fn made(person: &Person) -> Value {
    let job = person.post("/api/backups", &json!({})).await.json_of(201);
    assert_eq!((job["state"].as_str(), job["kind"].as_str()), (Some("running"), Some("manual")));
    until("the backup has ended", || async {
        person.get("/api/backups/status").await.json_of(200)["job"]["state"] != "running"
    })
    .await;
    person.get("/api/backups/status").await.json_of(200)
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_backup_is_made_listed_recorded_and_thrown_away() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    assert!(dora.list("/api/backups").await.is_empty());
    assert_eq!(dora.get("/api/backups/status").await.json_of(200)["late"], true);
    let status = made(&dora).await;
    assert_eq!((status["job"]["state"].as_str(), status["late"].as_bool()), (Some("done"), Some(false)), "{status}");
    let listed = dora.list("/api/backups").await;
    assert_eq!(listed.len(), 1);
    let (name, bytes) = (listed[0]["name"].as_str().unwrap(), listed[0]["bytes"].as_u64().unwrap());
    assert_eq!((listed[0]["place"].as_str(), listed[0]["users"].as_i64()), (Some("local"), Some(1)));
    let folder = clinic.data_dir().join("backups");
    assert_eq!(files(&folder), [name]);
    assert_eq!(fs::metadata(folder.join(name)).unwrap().len(), bytes);
    let raw = rusqlite::Connection::open(folder.join(name)).unwrap();
    assert_eq!(raw.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    drop(raw);

    dora.delete(&format!("/api/backups/{name}")).await.is_refusal(409, "last_backup");
    for other in ["messenger.db", "..%2Fmessenger.db", "messenger-20260131T080000Z-manual.db"] {
        dora.delete(&format!("/api/backups/{other}")).await.is_refusal(404, "not_found");
    }
    clinic.pass(1);
    made(&dora).await;
    let page = dora.list("/api/backups?limit=1").await;
    assert_eq!(page.len(), 1);
    let before = format!("/api/backups?limit=1&before=local.{}", page[0]["name"].as_str().unwrap());
    assert_eq!(dora.list(&before).await[0]["name"], name);
    dora.delete(&format!("/api/backups/{name}")).await.json_of(200);
    assert_eq!(files(&folder).len(), 1);
    let actions: Vec<Value> = dora.list("/api/audit?limit=10").await.iter().map(|row| row["action"].clone()).collect();
    for action in ["backups.make", "backups.finish", "backups.remove"] {
        assert!(actions.contains(&json!(action)), "{action}: {actions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_place_holds_the_same_and_its_failure_is_told_and_mended() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let place = tempfile::tempdir().unwrap();
    let usb = place.path().join("usb");
    let test = |folder: &Path| json!({ "folder": folder });
    let report = dora.post("/api/backups/folder-test", &test(&usb)).await.json_of(200);
    assert_eq!(report["usable"], false);
    assert!(report["detail"].as_str().unwrap().contains("plugged in"), "{report}");
    dora.put(PLAN, &test(&usb)).await.is_refusal(400, "invalid_field");
    for bad in [json!("relative"), json!(clinic.data_dir().join("backups"))] {
        dora.put(PLAN, &json!({ "folder": bad })).await.is_refusal(400, "invalid_field");
    }
    fs::create_dir(&usb).unwrap();
    assert_eq!(dora.post("/api/backups/folder-test", &test(&usb)).await.json_of(200)["usable"], true);
    let plan = dora.put(PLAN, &json!({ "folder": usb, "passphrase": PASSPHRASE })).await.json_of(200);
    assert_eq!((plan["sealed"].as_bool(), plan["folder"].as_str()), (Some(true), usb.to_str()));
    assert!(!plan.to_string().contains(PASSPHRASE));
    made(&dora).await;
    let names = files(&usb);
    assert_eq!(names, files(&clinic.data_dir().join("backups")));
    let sealed = fs::read(usb.join(&names[0])).unwrap();
    assert!(names[0].ends_with("-manual.db.age") && !sealed.windows(6).any(|part| part == b"SQLite"));
    let opened = mcp_messenger::crypto::age::open(PASSPHRASE, &sealed).expect("it opens");
    assert!(opened.starts_with(b"SQLite format 3"));

    // Unplugged: the backup is made all the same, and it is told what is the matter.
    fs::rename(&usb, place.path().join("drawer")).unwrap();
    clinic.pass(60);
    let status = made(&dora).await;
    assert_eq!(status["job"]["state"], "done");
    assert_eq!(status["secondTrouble"]["code"], "backup_folder_unusable", "{status}");
    assert!(!usb.exists(), "nothing was written where the disk is not");
    // Plugged in again: the next one goes there too.
    fs::rename(place.path().join("drawer"), &usb).unwrap();
    clinic.pass(60);
    let status = made(&dora).await;
    assert_eq!(status["secondTrouble"], Value::Null);
    assert_eq!(files(&usb).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_checked_kept_and_followed() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    for (field, good, bad) in [
        ("everyHours", [0, 168], [-1, 169]),
        ("keepHourly", [0, 400], [-1, 401]),
        ("keepDaily", [1, 400], [-1, 401]),
        ("keepWeekly", [0, 400], [-1, 401]),
        ("keepMonthly", [0, 400], [-1, 401]),
    ] {
        for value in good {
            assert_eq!(dora.put(PLAN, &json!({ field: value })).await.json_of(200)[field], value);
        }
        for value in bad {
            dora.put(PLAN, &json!({ field: value })).await.is_refusal(400, "invalid_field");
        }
    }
    let nothing = json!({ "everyHours": 1, "keepHourly": 0, "keepDaily": 0, "keepWeekly": 0, "keepMonthly": 0 });
    dora.put(PLAN, &nothing).await.is_refusal(400, "invalid_field");
    dora.put(PLAN, &json!({ "passphrase": "short" })).await.is_refusal(400, "invalid_field");
    let wish = json!({ "everyHours": 1, "keepHourly": 2, "keepDaily": 0, "keepWeekly": 0, "keepMonthly": 0 });
    let plan = dora.put(PLAN, &wish).await.json_of(200);
    clinic.restart().await;
    let dora = clinic.dora().await;
    assert_eq!(dora.get(PLAN).await.json_of(200), plan);

    clinic.keep_backups().await;
    let folder = clinic.data_dir().join("backups");
    assert!(files(&folder).is_empty(), "not at once after a start");
    for hour in 1..=4 {
        clinic.pass(3_600);
        clinic.keep_backups().await;
        clinic.keep_backups().await;
        assert_eq!(files(&folder).len(), hour.min(2), "{hour}");
    }
    clinic.rehearse().await;
    let rehearsal = clinic.dora().await.get("/api/backups/status").await.json_of(200)["rehearsal"].clone();
    assert_eq!((rehearsal["good"].as_bool(), rehearsal["failure"].clone()), (Some(true), Value::Null), "{rehearsal}");

    // One that was altered on the disk is found by the next rehearsal.
    let newest = folder.join(files(&folder).pop().unwrap());
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).unwrap();
    clinic.pass(31 * 24 * 3_600);
    clinic.rehearse().await;
    let rehearsal = clinic.dora().await.get("/api/backups/status").await.json_of(200)["rehearsal"].clone();
    assert_eq!((rehearsal["good"].as_bool(), rehearsal["failure"].as_str()), (Some(false), Some("backup_damaged")));
}
