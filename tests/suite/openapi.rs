//! The description that the server gives of itself: served to anyone, browsable under the strict policy, and true,
//! by real answers and real frames.

use serde_json::{Value, json};

use crate::fixture::{Clinic, PASSWORD};

/// Judges a value by a schema of the served document.
struct Judge(Value);

impl Judge {
    #[track_caller]
    fn fits(&self, schema: &Value, value: &Value) {
        let mut whole = self.0.clone();
        whole["allOf"] = json!([schema]);
        let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
        let faults: Vec<String> = validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(faults.is_empty(), "{value} is not {schema}:\n{}", faults.join("\n"));
    }

    #[track_caller]
    fn answer(&self, method: &str, path: &str, status: u16, value: &Value) {
        let operation = &self.0["paths"][path][method.to_lowercase()];
        let answer = &operation["responses"][status.to_string()];
        let answer = match answer["$ref"].as_str() {
            Some(target) => self.0.pointer(&target[1..]).expect("a reference that leads somewhere"),
            None => answer,
        };
        let (_, content) = answer["content"].as_object().expect("a described answer").iter().next().unwrap();
        self.fits(&content["schema"], value);
    }

    #[track_caller]
    fn frame(&self, value: &Value) {
        self.fits(&self.0["x-websocket"]["fromServer"], value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_open_and_true() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let served = clinic.visitor().get("/api/openapi.json").await;
    let judge = Judge(served.json_of(200));
    assert_eq!((served.header("content-type"), &judge.0["openapi"]), (Some("application/json"), &json!("3.1.0")));

    let body = json!({ "username": "newt", "password": PASSWORD });
    judge.answer("POST", "/api/users", 201, &dora.post("/api/users", &body).await.json_of(201));
    judge.answer("POST", "/api/users", 409, &dora.post("/api/users", &body).await.json_of(409));
    let newt = clinic.sign_in("newt").await;
    let channel = newt.channel("Ward 3", &[&dora]).await;
    let message = newt.say_phi(&channel, "potassium 6.1").await;
    judge.answer("POST", "/api/messages", 201, &message);
    for (path, asked) in [
        ("/health", "/health"),
        ("/api/users", "/api/users"),
        ("/api/channels", "/api/channels"),
        ("/api/messages", "/api/messages"),
        ("/api/audit", "/api/audit"),
        ("/api/channels/{id}", &format!("/api/channels/{channel}")),
        ("/api/channels/{id}/members", &format!("/api/channels/{channel}/members")),
        ("/api/messages/{id}", &format!("/api/messages/{}", message["id"].as_str().unwrap())),
    ] {
        judge.answer("GET", path, 200, &dora.get(asked).await.json_of(200));
    }
    judge.answer("GET", "/api/audit", 403, &newt.get("/api/audit").await.json_of(403));
    judge.answer("GET", "/api/users", 401, &clinic.visitor().get("/api/users").await.json_of(401));

    let mut socket = crate::fixture::Socket::open(&clinic.line()).await;
    judge.frame(&socket.authenticate(dora.token.as_deref().unwrap()).await);
    judge.frame(&socket.join(&channel, None).await);
    newt.say(&channel, "on my way").await;
    judge.frame(&socket.next().await);
    judge.frame(&socket.try_send("00000000-0000-7000-8000-000000000000", "x").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_ours_alone() {
    let clinic = Clinic::open().await;
    let visitor = clinic.visitor();
    let page = visitor.get("/api/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'self'"));
    for asset in ["/assets/docs.js", "/assets/docs.css", "/assets/style.css"] {
        assert!(page.text().contains(asset));
        assert_eq!(visitor.get(asset).await.status, 200);
    }
}
