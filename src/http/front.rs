//! What every request passes before the table of routes: the way to https, the real client behind a proxy, the
//! `Host` (DNS rebinding), the `Origin` (other sites in a browser), and the turn-off to the WebSocket.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use futures_util::FutureExt;
use tower::ServiceExt;

use super::measure::Measure;
use super::{Client, Scheme, Web, cookie, headers, problem};
use crate::config::Class;
use crate::error::Error;
use crate::gate::Peer;
use crate::id::UserId;
use crate::ws;

/// Who asks, once proxies are taken off; rides with the request to its operation.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// The client.
    pub peer: Peer,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// What a request turned out to be, for the access log: the route as the table has it, never the path that was asked,
/// which may hold anything.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) route: &'static str,
    pub(super) user: Option<UserId>,
}

/// The target of the access log.
const ACCESS: &str = "access";
/// Asked every few seconds by whatever watches over the server; nobody wants to read that.
const HEALTH: &str = "/health";

/// A method that a client made up is not repeated.
fn known(method: &Method) -> &'static str {
    let common = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS, Method::PATCH];
    let names = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    common.iter().position(|one| one == method).map_or("other", |place| names[place])
}

pub(super) async fn answer(request: Request<Body>, client: Client, web: Arc<Web>, router: Router) -> Response<Body> {
    let request_id: Arc<str> = web.request_id().into();
    let started = web.clock.monotonic();
    let method = request.method().clone();
    let origin = text(request.headers(), &header::ORIGIN).map(str::to_owned);
    let foreign = origin.clone().filter(|o| web.outside.allowed_origins.iter().any(|allowed| allowed == o));
    let https_alone = (client.scheme == Scheme::Trusted).then(|| web.means.clinic.now().https_alone);
    let mut ip = client.address;
    let mut response = match admit(&request, client, &web, &request_id, foreign.is_some()) {
        Err(refusal) => *refusal,
        Ok(peer) => {
            ip = peer.ip.unwrap_or(ip);
            let guarded = AssertUnwindSafe(pass(request, peer, web.clone(), router, request_id.clone()));
            guarded.catch_unwind().await.unwrap_or_else(|_| {
                // The panic itself is in the log already, by the hook that the program sets.
                problem::answer(&Error::internal("an operation panicked"), &request_id)
            })
        }
    };
    web.means.metrics.requests.one();
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        web.means.metrics.requests_failed.one();
    }
    headers::secure(&mut response, https_alone);
    if let Some(origin) = foreign {
        headers::share_with(&mut response, &origin);
    }
    let took = web.clock.monotonic().saturating_sub(started);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    tracing::debug!(request_id = &*request_id, method = known(&method), status, micros, "answered");
    let seen = response.extensions_mut().remove::<Seen>().unwrap_or_default();
    if seen.route != HEALTH {
        tracing::info!(
            target: ACCESS,
            method = known(&method),
            route = seen.route,
            status,
            micros,
            user = seen.user.map(tracing::field::display),
            %ip,
            request_id = &*request_id,
            "answered"
        );
    }
    response
}

async fn pass(request: Request<Body>, peer: Peer, web: Arc<Web>, router: Router, id: Arc<str>) -> Response<Body> {
    let asks_for_socket = request.method() == Method::GET
        && matches!(request.uri().path(), "/" | "/ws")
        && request.headers().contains_key(header::UPGRADE);
    if asks_for_socket {
        let mut measure = Measure::of(Class::Connect);
        if let Err(error) = measure.at_address(&web, &peer) {
            let mut response = problem::answer(&error, &id);
            measure.tell(&mut response);
            return response;
        }
        let cookie = cookie::socket_token(request.headers(), host_of(&request).unwrap_or_default()).map(str::to_owned);
        return match ws::upgrade(request, peer, cookie, web.gate.clone(), &web.sockets) {
            Ok(response) => response,
            Err(error) if error.code() == "websocket_version" => {
                let mut response = problem::with_status(&error, &id, StatusCode::UPGRADE_REQUIRED);
                response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                response
            }
            Err(error) => problem::answer(&error, &id),
        };
    }
    if request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        headers::preflight(&mut response);
        return response;
    }
    let mut request = request;
    request.extensions_mut().insert(Forwarded { peer, request_id: id.clone() });
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn admit(
    request: &Request<Body>,
    client: Client,
    web: &Web,
    id: &str,
    foreign_origin: bool,
) -> Result<Peer, Box<Response<Body>>> {
    if client.scheme == Scheme::Plain {
        return Err(Box::new(to_https(request, web.outside.port)));
    }
    let refuse = |error: &Error, status| Err(Box::new(problem::with_status(error, id, status)));
    let address =
        if client.from_proxy { forwarded_for(request.headers()).unwrap_or(client.address) } else { client.address };
    if client.from_proxy && !(web.outside.admits)(address) {
        let error = Error::refused("address_refused", "This server does not serve your address.");
        return refuse(&error, StatusCode::FORBIDDEN);
    }
    if web.means.blocks.covers(address, web.clock.now()) {
        // A connection that stood before the address was blocked ends with this answer.
        let error = Error::refused("address_refused", "This server does not serve your address.");
        return refuse(&error, StatusCode::FORBIDDEN);
    }
    if !host_of(request).is_some_and(|host| (web.outside.is_ours)(host_without_port(host))) {
        let error =
            Error::invalid("misdirected", "This server does not go by that name. Add it to HOST_NAMES if it should.");
        return refuse(&error, StatusCode::MISDIRECTED_REQUEST);
    }
    if let Some(origin) = text(request.headers(), &header::ORIGIN)
        && !foreign_origin
        && !own_origin(origin, web)
    {
        let error = Error::refused("origin_refused", "Pages of that origin may not talk to this server.");
        return refuse(&error, StatusCode::FORBIDDEN);
    }
    Ok(Peer::new(address, text(request.headers(), &header::USER_AGENT)))
}

fn own_origin(origin: &str, web: &Web) -> bool {
    origin.strip_prefix("https://").is_some_and(|host| (web.outside.is_ours)(host_without_port(host)))
}

/// RFC 9110, 15.4.9: the same request, to the same place, encrypted. The host is repeated only in a form that
/// cannot break out of the header; without one, the client has to find the way itself.
fn to_https(request: &Request<Body>, port: u16) -> Response<Body> {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let host = host_of(request).map(host_without_port).filter(|host| !host.is_empty());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let target = host
        .map(|host| if port == 443 { format!("https://{host}{path}") } else { format!("https://{host}:{port}{path}") });
    match target.and_then(|t| HeaderValue::from_str(&t).ok()) {
        Some(location) => {
            response.headers_mut().insert(header::LOCATION, location);
        }
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn host_of(request: &Request<Body>) -> Option<&str> {
    // An absolute target beats the header (RFC 9112, 3.2.2); two `Host` headers are nobody's.
    if let Some(authority) = Uri::authority(request.uri()) {
        return Some(authority.as_str());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

fn host_without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (name.ends_with(']') || !name.contains(':')) =>
        {
            name
        }
        _ => host,
    }
}

/// The last address that the proxy added: those before it are what its client claims.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let entry = last.rsplit(',').next()?.trim();
    entry.parse().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_taken_off_hosts_of_every_form() {
        for (host, name) in [
            ("clinic.local", "clinic.local"),
            ("clinic.local:3000", "clinic.local"),
            ("10.0.0.1:3000", "10.0.0.1"),
            ("[::1]:3000", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
        ] {
            assert_eq!(host_without_port(host), name);
        }
    }

    #[test]
    fn only_what_the_proxy_added_counts() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("127.0.0.1, 10.0.0.7"));
        assert_eq!(forwarded_for(&headers), Some("10.0.0.7".parse().unwrap()));
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.8:4711"));
        assert_eq!(forwarded_for(&headers), Some("10.0.0.8".parse().unwrap()));
        headers.insert("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(forwarded_for(&headers), None);
    }
}
