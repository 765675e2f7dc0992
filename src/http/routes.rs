//! The one list of everything that can be asked by HTTP. Closed unless a row says open.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::call::{Answer, Call};
use super::cookie;
use super::front::{Forwarded, Seen};
use super::hearing::{self, TOO_SLOW};
use super::packing::{self, Coding};
use super::{Web, operations as op, problem};
use crate::error::{Error, Kind, Result};
use crate::gate::Cx;
use crate::id::UserId;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone whom the network let in.
    Open,
    /// Anyone whom the network let in, or whoever is signed in if a token is sent; the deed says what that changes.
    Either,
    /// Whoever is signed in; what the deed needs besides is the gate's to say.
    SignedIn,
}

/// What a row may say besides.
enum Mark {
    /// The answer is a list as long as that of a GET, without secrets: it may be packed.
    Packed,
}

type Running = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// One row.
pub struct Route {
    /// How.
    pub method: Method,
    /// Where; `{name}` is a parameter.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// The operation's path in the code, as `op::users::list`: its name for generated clients comes from it.
    pub operation: &'static str,
    /// Whether the answer may be packed: what is read, and a row that says `Packed`. Never one that holds a secret.
    pub packs: bool,
    run: fn(Call) -> Running,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $operation:path $(, $mark:ident)?;)*) => {
        /// Every row.
        pub static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            operation: stringify!($operation),
            packs: matches!(Method::$method, Method::GET) $(|| matches!(Mark::$mark, Mark::Packed))?,
            run: |call| Box::pin($operation(call)),
        }),*];
    };
}

routes! {
    GET    "/health"                              Open     op::metrics::health;
    GET    "/health/live"                         Open     op::metrics::live;
    GET    "/health/ready"                        Open     op::metrics::ready;
    GET    "/metrics"                             Either   op::metrics::scrape;

    GET    "/"                                    Open     op::pages::home_page;
    GET    "/setup"                               Open     op::pages::setup_page;
    GET    "/admin"                               Open     op::pages::admin_page;
    GET    "/admin/{*rest}"                       Open     op::pages::admin_view;
    GET    "/welcome"                             Open     op::pages::welcome_page;
    GET    "/join"                                Open     op::pages::join_page;
    GET    "/trust"                               Open     op::pages::trust_page;
    GET    "/trust/ca.pem"                        Open     op::pages::authority;
    GET    "/assets/{file}"                       Open     op::pages::asset;

    GET    "/api/openapi.json"                    Open     op::pages::openapi;
    GET    "/api/docs"                            Open     op::pages::docs_page;

    POST   "/api/setup"                           Open     op::auth::set_up;
    POST   "/api/auth/login"                      Open     op::auth::login;
    POST   "/api/auth/refresh-token"              SignedIn op::auth::refresh;
    POST   "/api/auth/logout"                     SignedIn op::auth::logout;
    GET    "/api/auth/me"                         SignedIn op::auth::me;
    POST   "/api/auth/change-password"            SignedIn op::auth::change_password;
    GET    "/api/auth/second-factor"              SignedIn op::auth::show_factor;
    POST   "/api/auth/second-factor"              SignedIn op::auth::enrol_factor;
    POST   "/api/auth/second-factor/confirm"      SignedIn op::auth::confirm_factor;
    POST   "/api/auth/second-factor/recovery-codes" SignedIn op::auth::renew_recovery_codes;
    POST   "/api/auth/second-factor/disable"      SignedIn op::auth::disable_factor;

    POST   "/api/auth/register"                   Open     op::auth::register;
    POST   "/api/auth/reset-password"             Open     op::auth::reset_password;

    GET    "/api/invitations"                     SignedIn op::invitations::list;
    POST   "/api/invitations"                     SignedIn op::invitations::create;
    POST   "/api/invitations/check"               Open     op::invitations::check;
    DELETE "/api/invitations/{id}"                SignedIn op::invitations::revoke;

    GET    "/api/users"                           SignedIn op::users::list;
    POST   "/api/users"                           SignedIn op::users::create;
    GET    "/api/users/{id}"                      SignedIn op::users::show;
    PUT    "/api/users/{id}"                      SignedIn op::users::change;
    DELETE "/api/users/{id}"                      SignedIn op::users::remove;
    POST   "/api/users/search"                    SignedIn op::users::search, Packed;
    POST   "/api/users/{id}/restore"              SignedIn op::users::restore;
    GET    "/api/users/{id}/permissions"          SignedIn op::users::permissions;
    PUT    "/api/users/{id}/password"             SignedIn op::users::set_password;
    POST   "/api/users/{id}/password-reset"       SignedIn op::users::issue_reset;
    POST   "/api/users/{id}/reset-second-factor"  SignedIn op::auth::reset_factor;
    GET    "/api/users/{id}/notification-preferences" SignedIn op::users::show_preferences;
    PUT    "/api/users/{id}/notification-preferences" SignedIn op::users::change_preferences;
    GET    "/api/users/{id}/audit-log"            SignedIn op::audit::of_user;
    GET    "/api/users/{id}/sessions"             SignedIn op::users::list_sessions;
    POST   "/api/users/{id}/terminate-sessions"   SignedIn op::users::terminate_sessions;

    GET    "/api/channels"                        SignedIn op::channels::list;
    POST   "/api/channels"                        SignedIn op::channels::create;
    POST   "/api/channels/direct"                 SignedIn op::channels::direct;
    GET    "/api/channels/deleted"                SignedIn op::channels::deleted;
    GET    "/api/channels/{id}"                   SignedIn op::channels::show;
    PUT    "/api/channels/{id}"                   SignedIn op::channels::update;
    DELETE "/api/channels/{id}"                   SignedIn op::channels::remove;
    POST   "/api/channels/{id}/restore"           SignedIn op::channels::restore;
    POST   "/api/channels/{id}/join"              SignedIn op::channels::join;
    GET    "/api/channels/{id}/members"           SignedIn op::channels::members;
    POST   "/api/channels/{id}/members"           SignedIn op::channels::add_member;
    PUT    "/api/channels/{id}/members/{user}"    SignedIn op::channels::change_member;
    DELETE "/api/channels/{id}/members/{user}"    SignedIn op::channels::remove_member;
    GET    "/api/channels/{id}/mutes"             SignedIn op::channels::mutes;
    PUT    "/api/channels/{id}/mutes/{user}"      SignedIn op::channels::mute;
    DELETE "/api/channels/{id}/mutes/{user}"      SignedIn op::channels::unmute;
    GET    "/api/channels/{id}/bans"              SignedIn op::channels::bans;
    PUT    "/api/channels/{id}/bans/{user}"       SignedIn op::channels::ban;
    DELETE "/api/channels/{id}/bans/{user}"       SignedIn op::channels::unban;
    GET    "/api/channels/{id}/invites"           SignedIn op::channels::invites;
    POST   "/api/channels/{id}/invites"           SignedIn op::channels::invite;
    DELETE "/api/channels/{id}/invites/{invite}"  SignedIn op::channels::revoke_invite;
    GET    "/api/invites"                         SignedIn op::channels::own_invites;
    POST   "/api/invites/redeem"                  SignedIn op::channels::redeem_invite;
    POST   "/api/invites/{id}/accept"             SignedIn op::channels::accept_invite;
    POST   "/api/invites/{id}/decline"            SignedIn op::channels::decline_invite;

    GET    "/api/messages"                        SignedIn op::messages::list;
    POST   "/api/messages"                        SignedIn op::messages::create;
    GET    "/api/messages/search"                 SignedIn op::search::get;
    POST   "/api/messages/search"                 SignedIn op::search::post, Packed;
    GET    "/api/messages/{id}"                   SignedIn op::messages::show;
    PUT    "/api/messages/{id}"                   SignedIn op::messages::edit;
    DELETE "/api/messages/{id}"                   SignedIn op::messages::delete;
    GET    "/api/messages/{id}/history"           SignedIn op::messages::history;
    POST   "/api/messages/{id}/reactions"         SignedIn op::messages::react;
    DELETE "/api/messages/{id}/reactions/{reaction}" SignedIn op::messages::unreact;
    POST   "/api/messages/{id}/read"              SignedIn op::messages::read;
    GET    "/api/messages/{id}/receipts"          SignedIn op::messages::receipts;
    POST   "/api/messages/{id}/reveal"            SignedIn op::phi::reveal;
    POST   "/api/phi/check"                       SignedIn op::phi::check;
    GET    "/api/messages/{id}/thread"            SignedIn op::messages::thread;
    PUT    "/api/messages/{id}/pin"               SignedIn op::messages::pin;
    DELETE "/api/messages/{id}/pin"               SignedIn op::messages::unpin;
    GET    "/api/channels/{id}/pins"              SignedIn op::messages::pins;

    GET    "/api/presence"                        SignedIn op::presence::show;
    PUT    "/api/presence"                        SignedIn op::presence::choose;
    GET    "/api/connections"                     SignedIn op::connections::list;
    DELETE "/api/connections/{id}"                SignedIn op::connections::disconnect;
    GET    "/api/announcement"                    SignedIn op::announcements::show;
    PUT    "/api/announcement"                    SignedIn op::announcements::announce;
    DELETE "/api/announcement"                    SignedIn op::announcements::withdraw;

    GET    "/api/backups"                         SignedIn op::backups::list;
    POST   "/api/backups"                         SignedIn op::backups::make;
    GET    "/api/backups/status"                  SignedIn op::backups::status;
    GET    "/api/backups/plan"                    SignedIn op::backups::plan;
    PUT    "/api/backups/plan"                    SignedIn op::backups::change_plan;
    POST   "/api/backups/folder-test"             SignedIn op::backups::test_folder;
    DELETE "/api/backups/{name}"                  SignedIn op::backups::remove;

    GET    "/api/settings"                        SignedIn op::settings::list;
    GET    "/api/settings/{name}"                 SignedIn op::settings::show;
    PUT    "/api/settings/{name}"                 SignedIn op::settings::change;
    DELETE "/api/settings/{name}"                 SignedIn op::settings::reset;

    GET    "/api/permissions"                     SignedIn op::roles::permissions;
    GET    "/api/roles"                           SignedIn op::roles::list;
    POST   "/api/roles"                           SignedIn op::roles::create;
    GET    "/api/roles/matrix"                    SignedIn op::roles::matrix;
    PUT    "/api/roles/matrix"                    SignedIn op::roles::reshape;
    POST   "/api/roles/matrix/preview"            SignedIn op::roles::preview;
    GET    "/api/roles/{id}"                      SignedIn op::roles::show;
    PUT    "/api/roles/{id}"                      SignedIn op::roles::change;
    DELETE "/api/roles/{id}"                      SignedIn op::roles::remove;
    GET    "/api/users/{id}/effective-permissions" SignedIn op::roles::effective;

    GET    "/api/admin/overview"                  SignedIn op::admin::overview;
    GET    "/api/admin/settings"                  SignedIn op::admin::settings;
    GET    "/api/admin/settings/{name}"           SignedIn op::admin::setting;
    PUT    "/api/admin/settings/{name}"           SignedIn op::admin::change_setting;
    DELETE "/api/admin/settings/{name}"           SignedIn op::admin::reset_setting;
    GET    "/api/blocks"                          SignedIn op::admin::list_blocks;
    POST   "/api/blocks"                          SignedIn op::admin::block;
    DELETE "/api/blocks/{id}"                     SignedIn op::admin::unblock;

    GET    "/api/admin/metrics"                   SignedIn op::metrics::now;
    GET    "/api/admin/metrics/history"           SignedIn op::metrics::history;

    GET    "/api/messages/flagged"                SignedIn op::writing::list_flagged;
    POST   "/api/messages/{id}/flag"              SignedIn op::writing::flag_message;
    POST   "/api/messages/{id}/review"            SignedIn op::writing::review_message;

    GET    "/api/channels/{id}/draft"             SignedIn op::writing::show_draft;
    PUT    "/api/channels/{id}/draft"             SignedIn op::writing::keep_draft;
    DELETE "/api/channels/{id}/draft"             SignedIn op::writing::discard_draft;
    PUT    "/api/messages/{id}/bookmark"          SignedIn op::writing::set_bookmark;
    DELETE "/api/messages/{id}/bookmark"          SignedIn op::writing::remove_bookmark;
    GET    "/api/bookmarks"                       SignedIn op::writing::list_bookmarks;

    GET    "/api/channels/{id}/message-lifetime"  SignedIn op::writing::show_lifetime;
    PUT    "/api/channels/{id}/message-lifetime"  SignedIn op::writing::change_lifetime;
    GET    "/api/messages/scheduled"              SignedIn op::writing::list_scheduled;
    POST   "/api/messages/scheduled"              SignedIn op::writing::schedule_message;
    PUT    "/api/messages/scheduled/{id}"         SignedIn op::writing::change_scheduled;
    DELETE "/api/messages/scheduled/{id}"         SignedIn op::writing::cancel_scheduled;
    GET    "/api/reminders"                       SignedIn op::writing::list_reminders;
    POST   "/api/reminders"                       SignedIn op::writing::ask_reminder;
    DELETE "/api/reminders/{id}"                  SignedIn op::writing::remove_reminder;

    GET    "/api/templates"                       SignedIn op::writing::list_templates;
    POST   "/api/templates"                       SignedIn op::writing::add_template;
    PUT    "/api/templates/{id}"                  SignedIn op::writing::change_template;
    DELETE "/api/templates/{id}"                  SignedIn op::writing::remove_template;
    GET    "/api/commands"                        SignedIn op::writing::list_commands;
    GET    "/api/schemas"                         SignedIn op::writing::list_schemas;
    GET    "/api/schemas/{name}"                  SignedIn op::writing::show_schema;

    GET    "/api/words"                           SignedIn op::writing::list_words;
    POST   "/api/words"                           SignedIn op::writing::add_word;
    PUT    "/api/words/{id}"                      SignedIn op::writing::change_word;
    DELETE "/api/words/{id}"                      SignedIn op::writing::remove_word;

    GET    "/api/api-keys"                        SignedIn op::keys::list;
    POST   "/api/api-keys"                        SignedIn op::keys::make;
    PUT    "/api/api-keys/{id}"                   SignedIn op::keys::change;
    DELETE "/api/api-keys/{id}"                   SignedIn op::keys::revoke;
    POST   "/api/api-keys/{id}/rotate"            SignedIn op::keys::rotate;

    GET    "/api/exports"                         SignedIn op::exports::list;
    POST   "/api/exports"                         SignedIn op::exports::create;
    GET    "/api/exports/{id}"                    SignedIn op::exports::show;
    DELETE "/api/exports/{id}"                    SignedIn op::exports::remove;
    GET    "/api/exports/{id}/file"               SignedIn op::exports::file;

    GET    "/api/audit"                           SignedIn op::audit::list;
    GET    "/api/audit/export"                    SignedIn op::audit::export;
    GET    "/api/audit/{id}"                      SignedIn op::audit::show;
}

/// The table as an axum router.
pub(super) fn router(web: &Arc<Web>) -> Router {
    let mut router = Router::new();
    let mut paths: Vec<&'static str> = ROUTES.iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let mut methods = MethodRouter::new();
        for route in ROUTES.iter().filter(|route| route.path == path) {
            let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
            // HEAD is GET without the body (RFC 9110, 9.3.2).
            let filter = if route.method == Method::GET { filter.or(MethodFilter::HEAD) } else { filter };
            let web = web.clone();
            let handler = move |params: RawPathParams, request: Request| run(route, web.clone(), params, request);
            methods = methods.merge(on(filter, handler));
        }
        let allowed =
            ROUTES.iter().filter(|r| r.path == path).map(|r| r.method.as_str()).collect::<Vec<_>>().join(", ");
        router = router.route(
            path,
            methods.fallback(move |request: Request| std::future::ready(wrong_method(&request, &allowed))),
        );
    }
    router.fallback(nowhere)
}

async fn run(route: &'static Route, web: Arc<Web>, params: RawPathParams, request: Request) -> Response<Body> {
    let method = request.method().clone();
    let forwarded = request.extensions().get::<Forwarded>().cloned();
    let Some(forwarded) = forwarded else {
        return problem::answer(&Error::internal("a request came round the front"), "");
    };
    // What was asked of the answer's form; few requests have either.
    let asked = request.headers();
    let coding = if route.packs { Coding::accepted(asked) } else { None };
    let known = asked.contains_key(header::IF_NONE_MATCH).then(|| asked.clone());
    let metrics = web.means.metrics.clone();
    let mut user = None;
    let mut response = match attempt(route, web, params, request, &forwarded, coding, &mut user).await {
        Ok(answer) => {
            let answer = match coding.filter(|_| packing::is_packable(&answer)) {
                Some(coding) => packing::pack(answer, coding),
                None => answer,
            };
            // After packing: the tag of the answer that there would have been has the coding in it.
            if known.zip(current_tag(&answer)).is_some_and(|(asked, tag)| packing::is_known(&asked, tag)) {
                not_modified(&answer)
            } else {
                answer.into_response(&method)
            }
        }
        Err(error) if error.code() == TOO_SLOW => {
            problem::with_status(&error, &forwarded.request_id, StatusCode::REQUEST_TIMEOUT)
        }
        Err(error) => {
            if error.kind() == Kind::TooMany {
                metrics.rate_limited.one();
            }
            problem::answer(&error, &forwarded.request_id)
        }
    };
    response.extensions_mut().insert(Seen { route: route.path, user });
    if route.packs {
        // Whoever keeps an answer has to know that another client may get it in another form.
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    response
}

fn current_tag(answer: &Answer) -> Option<&str> {
    answer.etag.as_deref().filter(|_| answer.revalidates)
}

/// RFC 9110, 15.4.5: with the tag that the answer would have had.
fn not_modified(answer: &Answer) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    if let Some(tag) = answer.etag.as_deref().and_then(|tag| HeaderValue::from_str(tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if let Some(cache) = answer.cache.map(HeaderValue::from_static) {
        response.headers_mut().insert(header::CACHE_CONTROL, cache);
    }
    response
}

async fn attempt(
    route: &Route,
    web: Arc<Web>,
    params: RawPathParams,
    request: Request,
    forwarded: &Forwarded,
    coding: Option<Coding>,
    user: &mut Option<UserId>,
) -> Result<Answer> {
    // Who may not ask is told so before a byte of the body is read.
    let cx: Cx = match route.access {
        Access::Open => web.gate.visitor(forwarded.peer.clone()),
        Access::Either if !hearing::says_who(&request) => web.gate.visitor(forwarded.peer.clone()),
        Access::Either | Access::SignedIn => {
            let known = match hearing::token(&request) {
                Ok(token) => web.gate.authenticate(token, forwarded.peer.clone()).await,
                Err(missing) => Err(missing),
            };
            match known {
                Ok(cx) => cx,
                Err(error) => {
                    hearing::hear_out(request.into_body());
                    return Err(error);
                }
            }
        }
    };
    *user = cx.who().user();
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().map(str::to_owned));
    let host = super::front::host_of(&request).unwrap_or_default().to_owned();
    let own_page = cookie::is_for(request.headers(), &host);
    let if_match = joined(&request, &header::IF_MATCH);
    let body = hearing::body(request, &web).await?;
    (route.run)(Call { web, cx, params, query, path, host, if_match, own_page, coding, body }).await
}

/// All headers of a name as one list. What is no text cannot have come from us and stays as something that is wrong.
fn joined(request: &Request, name: &header::HeaderName) -> Option<String> {
    let values: Vec<_> = request.headers().get_all(name).iter().map(|v| v.to_str().unwrap_or_default()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn wrong_method(request: &Request, allowed: &str) -> Response<Body> {
    let id = request.extensions().get::<Forwarded>().map_or_else(String::new, |f| f.request_id.to_string());
    let error = Error::invalid("method_not_allowed", format!("This path can be asked with {allowed}."));
    let mut response = problem::with_status(&error, &id, StatusCode::METHOD_NOT_ALLOWED);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

async fn nowhere(request: Request) -> Response<Body> {
    let wants_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_html && let Some(page) = op::pages::not_found_page() {
        let mut response = page.into_response(request.method());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let id = request.extensions().get::<Forwarded>().map_or_else(String::new, |f| f.request_id.to_string());
    problem::answer(&Error::missing("path"), &id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_written_down_here_too() {
        let open: Vec<_> =
            ROUTES.iter().filter(|r| r.access == Access::Open).map(|r| (r.method.as_str(), r.path)).collect();
        assert_eq!(
            open,
            [
                ("GET", "/health"),
                ("GET", "/health/live"),
                ("GET", "/health/ready"),
                ("GET", "/"),
                ("GET", "/setup"),
                ("GET", "/admin"),
                ("GET", "/admin/{*rest}"),
                ("GET", "/welcome"),
                ("GET", "/join"),
                ("GET", "/trust"),
                ("GET", "/trust/ca.pem"),
                ("GET", "/assets/{file}"),
                ("GET", "/api/openapi.json"),
                ("GET", "/api/docs"),
                ("POST", "/api/setup"),
                ("POST", "/api/auth/login"),
                ("POST", "/api/auth/register"),
                ("POST", "/api/auth/reset-password"),
                ("POST", "/api/invitations/check"),
            ]
        );
    }
}
