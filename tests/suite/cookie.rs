//! Signing in from the server's own pages: the cookie stands for the token there, and nowhere else.

use serde_json::{Value, json};

use crate::driver::line::Answer;
use crate::fixture::{Clinic, Ended, PASSWORD, Person, Socket};

/// A browser with one page open, and the cookie that it was given.
struct Browser {
    visitor: Person,
    origin: String,
    cookie: String,
}

impl Browser {
    async fn sign_in(clinic: &Clinic, name: &str) -> Self {
        let visitor = clinic.visitor();
        let origin = format!("https://{}", clinic.address());
        let body = json!({ "username": name, "password": PASSWORD });
        let said = visitor.ask_with("POST", "/api/auth/login", &[("origin", &origin)], Some(&body)).await;
        assert_eq!(said.status, 200, "{}", said.text());
        let cookie = given(&said).expect("a cookie for a page of ours");
        Self { visitor, origin, cookie }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let site = ("sec-fetch-site", "same-origin");
        let headers = [("cookie", self.cookie.as_str()), ("origin", self.origin.as_str()), site];
        // A browser sends no Origin with what it reads from its own server.
        let sent = if method == "GET" { vec![headers[0], headers[2]] } else { headers.to_vec() };
        self.visitor.ask_with(method, path, &sent, body).await
    }
}

/// The cookie as a browser sends it back.
fn given(answer: &Answer) -> Option<String> {
    answer.header("set-cookie").map(|line| line.split(';').next().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_ours_lives_by_the_cookie_from_sign_in_to_sign_out() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    clinic.alice(&dora).await;
    let visitor = clinic.visitor();
    let body = json!({ "username": "alice", "password": PASSWORD });
    let plain = visitor.post("/api/auth/login", &body).await;
    assert_eq!((plain.status, plain.header("set-cookie")), (200, None), "who sends no Origin is no browser");

    let origin = format!("https://{}", clinic.address());
    let said = visitor.ask_with("POST", "/api/auth/login", &[("origin", &origin)], Some(&body)).await;
    let line = said.header("set-cookie").unwrap();
    for part in ["__Host-mcpm=ey", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age=86"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.to_lowercase().contains("domain"), "{line}");

    let browser = Browser::sign_in(&clinic, "alice").await;
    let me = browser.ask("GET", "/api/auth/me", None).await.json_of(200);
    assert_eq!(me["user"]["username"], "alice");
    assert_eq!(me["clinic"], json!({ "name": null, "language": "en", "timeZone": "UTC" }));
    assert!(me["permissions"].as_array().unwrap().contains(&json!("messages.send")), "{me}");
    assert!(!me["permissions"].as_array().unwrap().contains(&json!("users.manage")), "{me}");
    assert!(me["session"]["expiresAt"].as_str().unwrap() > me["timestamp"].as_str().unwrap());
    let made = browser.ask("POST", "/api/channels", Some(&json!({ "name": "Ward" }))).await;
    assert_eq!(made.status, 201, "{}", made.text());

    // Renewed: the new cookie counts, and the old one for a minute.
    clinic.pass(3_600);
    let renewed = browser.ask("POST", "/api/auth/refresh-token", None).await;
    let later = Browser { cookie: given(&renewed).unwrap(), visitor: clinic.visitor(), origin };
    assert_ne!(later.cookie, browser.cookie);
    let again = later.ask("GET", "/api/auth/me", None).await.json_of(200);
    assert_eq!(again["session"]["id"], me["session"]["id"]);
    assert!(again["session"]["expiresAt"].as_str() > me["session"]["expiresAt"].as_str());
    assert_eq!(browser.ask("GET", "/api/auth/me", None).await.status, 200);
    clinic.pass(61);
    assert_eq!(browser.ask("GET", "/api/auth/me", None).await.status, 401);

    let out = later.ask("POST", "/api/auth/logout", None).await;
    assert_eq!(out.status, 200);
    let gone = out.header("set-cookie").unwrap();
    assert!(gone.starts_with("__Host-mcpm=;") && gone.ends_with("Max-Age=0"), "{gone}");
    let ended = later.ask("GET", "/api/auth/me", None).await;
    assert_eq!((ended.status, ended.json().unwrap()["code"].clone()), (401, json!("session_ended")));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_can_use_it() {
    let named = "https://desk.clinic.example:8443";
    let clinic = Clinic::with(|c| c.network.allowed_origins = vec![named.into()]).await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let browser = Browser::sign_in(&clinic, "alice").await;
    let (cookie, own) = (browser.cookie.as_str(), browser.origin.as_str());
    let other_port = format!("https://{}:1", clinic.address().ip());
    let body = json!({ "name": "Taken" });
    let before = alice.list("/api/channels").await.len();
    let change = async |headers: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = [("cookie", cookie)].into_iter().chain(headers.iter().copied()).collect();
        let said = browser.visitor.ask_with("POST", "/api/channels", &all, Some(&body)).await;
        (said.status, said.json().unwrap()["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |code: &str| (403, code.to_owned());
    assert_eq!(change(&[]).await, refused("cross_site"), "without an Origin");
    assert_eq!(change(&[("sec-fetch-site", "none")]).await, refused("cross_site"));
    assert_eq!(change(&[("origin", named)]).await, refused("cross_site"), "a named origin has a token");
    assert_eq!(change(&[("origin", named), ("sec-fetch-site", "cross-site")]).await, refused("cross_site"));
    assert_eq!(change(&[("origin", &other_port)]).await, refused("cross_site"), "another port of this host");
    assert_eq!(change(&[("origin", &other_port), ("sec-fetch-site", "same-site")]).await, refused("cross_site"));
    assert_eq!(change(&[("origin", own), ("sec-fetch-site", "same-site")]).await, refused("cross_site"));
    assert_eq!(change(&[("origin", "https://evil.example")]).await, refused("origin_refused"));
    assert_eq!(change(&[("origin", "null")]).await, refused("origin_refused"));
    assert_eq!(alice.list("/api/channels").await.len(), before, "nothing was changed");
    assert_eq!(change(&[("origin", own)]).await.0, 201, "the control");

    // Reading: without any word of a page, as by an address that was typed, or from our own; never for another.
    let read = async |headers: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = [("cookie", cookie)].into_iter().chain(headers.iter().copied()).collect();
        browser.visitor.ask_with("GET", "/api/auth/me", &all, None).await.status
    };
    assert_eq!(read(&[]).await, 200);
    assert_eq!(read(&[("sec-fetch-site", "none")]).await, 200);
    for other in [
        &[("origin", named)][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", &other_port)],
    ] {
        assert_eq!(read(other).await, 401, "{other:?}");
    }
    // Whoever has a token says so, and a wrong token is not saved by the cookie.
    assert_eq!(read(&[("authorization", "Bearer wrong")]).await, 401);
    // A page of a named origin that signs in gets its token and no cookie.
    let login = json!({ "username": "alice", "password": PASSWORD });
    let said = browser.visitor.ask_with("POST", "/api/auth/login", &[("origin", named)], Some(&login)).await;
    assert_eq!((said.status, said.header("set-cookie")), (200, None));
    let twice = format!("{cookie}; {cookie}");
    let said = browser.visitor.ask_with("GET", "/api/auth/me", &[("cookie", &twice)], None).await;
    assert_eq!(said.status, 401, "two of that name are nobody's");
}

async fn welcomed(clinic: &Clinic, headers: &[(&'static str, &str)], frame: Value) -> (Value, Socket) {
    let mut socket = Socket::open_at(&clinic.line(), "/ws", headers).await.unwrap();
    socket.say(&frame).await;
    let answer = socket.hear("authentication_response").await;
    (answer, socket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_our_own_page_needs_no_token_and_ends_with_the_session() {
    let named = "https://desk.clinic.example:8443";
    let clinic = Clinic::with(|c| c.network.allowed_origins = vec![named.into()]).await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let browser = Browser::sign_in(&clinic, "alice").await;
    let (cookie, own) = (("cookie", browser.cookie.as_str()), ("origin", browser.origin.as_str()));
    let bare = || json!({ "type": "authenticate" });
    let (answer, mut socket) = welcomed(&clinic, &[cookie, own], bare()).await;
    assert_eq!((&answer["success"], &answer["user"]["username"]), (&json!(true), &json!("alice")));
    let port = format!("https://{}:1", clinic.address().ip());
    for headers in [&[cookie][..], &[cookie, ("origin", named)], &[cookie, ("origin", &port)], &[own]] {
        let (answer, _) = welcomed(&clinic, headers, bare()).await;
        assert_eq!((&answer["success"], &answer["code"]), (&json!(false), &json!("not_signed_in")), "{headers:?}");
    }
    // A token that is said beats the cookie.
    let token = json!({ "type": "authenticate", "token": dora.token });
    let (answer, _) = welcomed(&clinic, &[cookie, own], token).await;
    assert_eq!(answer["user"]["username"], "dora");

    // Revocation is the same: the socket ends, and the cookie is worth nothing.
    let path = format!("/api/users/{}/terminate-sessions", alice.id);
    dora.post(&path, &json!({})).await.json_of(200);
    assert_eq!(socket.end().await, Ended::Closed(4002));
    assert_eq!(browser.ask("GET", "/api/auth/me", None).await.status, 401);
    let (answer, _) = welcomed(&clinic, &[cookie, own], bare()).await;
    assert_eq!(answer["code"], "session_ended");
}
