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
use super::measure::Measure;
use super::packing::{self, Coding};
use super::{Web, operations as op, problem};
use crate::config::Class;
use crate::error::{Error, Kind, Result};
use crate::gate::Cx;

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
    /// The body is a file, of any type and as long as `LIMIT_IMPORT_BYTES` allows.
    Raw,
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
    /// What kind of work it is: how often it may be asked.
    pub class: Class,
    /// The operation's path in the code, as `op::users::list`: its name for generated clients comes from it.
    pub operation: &'static str,
    /// Whether the answer may be packed: what is read, and a row that says `Packed`. Never one that holds a secret.
    pub packs: bool,
    /// Whether the body is a file.
    pub raw: bool,
    run: fn(Call) -> Running,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $class:ident $operation:path $(, $mark:ident)?;)*) => {
        /// Every row.
        pub static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            class: Class::$class,
            operation: stringify!($operation),
            packs: matches!(Method::$method, Method::GET) $(|| matches!(Mark::$mark, Mark::Packed))?,
            raw: false $(|| matches!(Mark::$mark, Mark::Raw))?,
            run: |call| Box::pin($operation(call)),
        }),*];
    };
}

routes! {
    GET    "/health"                              Open     Page    op::metrics::health;
    GET    "/health/live"                         Open     Page    op::metrics::live;
    GET    "/health/ready"                        Open     Page    op::metrics::ready;
    GET    "/metrics"                             Either   Read    op::metrics::scrape;

    GET    "/"                                    Open     Page    op::pages::home_page;
    GET    "/setup"                               Open     Page    op::pages::setup_page;
    GET    "/admin"                               Open     Page    op::pages::admin_page;
    GET    "/admin/{*rest}"                       Open     Page    op::pages::admin_view;
    GET    "/welcome"                             Open     Page    op::pages::welcome_page;
    GET    "/join"                                Open     Page    op::pages::join_page;
    GET    "/trust"                               Open     Page    op::pages::trust_page;
    GET    "/trust/ca.pem"                        Open     Page    op::pages::authority;
    GET    "/assets/{file}"                       Open     Page    op::pages::asset;

    GET    "/api/openapi.json"                    Open     Page    op::pages::openapi;
    GET    "/api/docs"                            Open     Page    op::pages::docs_page;

    POST   "/api/setup"                           Open     SignIn  op::auth::set_up;
    POST   "/api/setup/state"                     Open     SignIn  op::setup::state;
    PUT    "/api/setup/clinic"                    Open     SignIn  op::setup::clinic;
    PUT    "/api/setup/networks"                  Open     SignIn  op::setup::first_networks;
    POST   "/api/setup/networks/confirm"          Open     SignIn  op::setup::confirm_first_networks;
    PUT    "/api/setup/hosts"                     Open     SignIn  op::setup::first_hosts;
    POST   "/api/setup/administrator"             Open     SignIn  op::setup::administrator;
    POST   "/api/auth/login"                      Open     SignIn  op::auth::login;
    POST   "/api/auth/password-strength"          Open     SignIn  op::setup::password_strength;
    POST   "/api/auth/refresh-token"              SignedIn SignIn  op::auth::refresh;
    POST   "/api/auth/logout"                     SignedIn SignIn  op::auth::logout;
    GET    "/api/auth/me"                         SignedIn Read    op::auth::me;
    POST   "/api/auth/change-password"            SignedIn SignIn  op::auth::change_password;
    GET    "/api/auth/second-factor"              SignedIn SignIn  op::auth::show_factor;
    POST   "/api/auth/second-factor"              SignedIn SignIn  op::auth::enrol_factor;
    POST   "/api/auth/second-factor/confirm"      SignedIn SignIn  op::auth::confirm_factor;
    POST   "/api/auth/second-factor/recovery-codes" SignedIn SignIn  op::auth::renew_recovery_codes;
    POST   "/api/auth/second-factor/disable"      SignedIn SignIn  op::auth::disable_factor;
    GET    "/api/system/networks"                 SignedIn Read    op::setup::networks;
    PUT    "/api/system/networks"                 SignedIn Admin   op::setup::try_networks;
    POST   "/api/system/networks/confirm"         SignedIn Admin   op::setup::confirm_networks;
    GET    "/api/system/hosts"                    SignedIn Read    op::setup::hosts;
    PUT    "/api/system/hosts"                    SignedIn Admin   op::setup::call_hosts;
    GET    "/api/system/recovery-key"             SignedIn Read    op::setup::recovery_key;
    POST   "/api/system/recovery-key"             SignedIn Admin   op::setup::make_recovery_key;
    POST   "/api/system/recovery-key/confirm"     SignedIn Admin   op::setup::confirm_recovery_key;

    POST   "/api/auth/register"                   Open     SignIn  op::auth::register;
    POST   "/api/auth/reset-password"             Open     SignIn  op::auth::reset_password;

    GET    "/api/invitations"                     SignedIn Read    op::invitations::list;
    POST   "/api/invitations"                     SignedIn Admin   op::invitations::create;
    POST   "/api/invitations/check"               Open     SignIn  op::invitations::check;
    DELETE "/api/invitations/{id}"                SignedIn Admin   op::invitations::revoke;

    GET    "/api/users"                           SignedIn Read    op::users::list;
    POST   "/api/users"                           SignedIn Admin   op::users::create;
    GET    "/api/users/{id}"                      SignedIn Read    op::users::show;
    PUT    "/api/users/{id}"                      SignedIn Admin   op::users::change;
    DELETE "/api/users/{id}"                      SignedIn Admin   op::users::remove;
    POST   "/api/users/search"                    SignedIn Read    op::users::search, Packed;
    POST   "/api/users/{id}/restore"              SignedIn Admin   op::users::restore;
    GET    "/api/users/{id}/permissions"          SignedIn Read    op::users::permissions;
    PUT    "/api/users/{id}/password"             SignedIn SignIn  op::users::set_password;
    POST   "/api/users/{id}/password-reset"       SignedIn Admin   op::users::issue_reset;
    POST   "/api/users/{id}/reset-second-factor"  SignedIn Admin   op::auth::reset_factor;
    GET    "/api/users/{id}/notification-preferences" SignedIn Read    op::users::show_preferences;
    PUT    "/api/users/{id}/notification-preferences" SignedIn Write   op::users::change_preferences;
    GET    "/api/users/{id}/audit-log"            SignedIn Read    op::audit::of_user;
    GET    "/api/users/{id}/sessions"             SignedIn Read    op::users::list_sessions;
    POST   "/api/users/{id}/terminate-sessions"   SignedIn Admin   op::users::terminate_sessions;

    GET    "/api/channels"                        SignedIn Read    op::channels::list;
    POST   "/api/channels"                        SignedIn Write   op::channels::create;
    POST   "/api/channels/direct"                 SignedIn Write   op::channels::direct;
    GET    "/api/channels/deleted"                SignedIn Read    op::channels::deleted;
    GET    "/api/channels/{id}"                   SignedIn Read    op::channels::show;
    PUT    "/api/channels/{id}"                   SignedIn Write   op::channels::update;
    DELETE "/api/channels/{id}"                   SignedIn Write   op::channels::remove;
    POST   "/api/channels/{id}/restore"           SignedIn Write   op::channels::restore;
    POST   "/api/channels/{id}/join"              SignedIn Write   op::channels::join;
    GET    "/api/channels/{id}/members"           SignedIn Read    op::channels::members;
    POST   "/api/channels/{id}/members"           SignedIn Write   op::channels::add_member;
    PUT    "/api/channels/{id}/members/{user}"    SignedIn Write   op::channels::change_member;
    DELETE "/api/channels/{id}/members/{user}"    SignedIn Write   op::channels::remove_member;
    GET    "/api/channels/{id}/mutes"             SignedIn Read    op::channels::mutes;
    PUT    "/api/channels/{id}/mutes/{user}"      SignedIn Write   op::channels::mute;
    DELETE "/api/channels/{id}/mutes/{user}"      SignedIn Write   op::channels::unmute;
    GET    "/api/channels/{id}/bans"              SignedIn Read    op::channels::bans;
    PUT    "/api/channels/{id}/bans/{user}"       SignedIn Write   op::channels::ban;
    DELETE "/api/channels/{id}/bans/{user}"       SignedIn Write   op::channels::unban;
    GET    "/api/channels/{id}/invites"           SignedIn Read    op::channels::invites;
    POST   "/api/channels/{id}/invites"           SignedIn Write   op::channels::invite;
    DELETE "/api/channels/{id}/invites/{invite}"  SignedIn Write   op::channels::revoke_invite;
    GET    "/api/invites"                         SignedIn Read    op::channels::own_invites;
    POST   "/api/invites/redeem"                  SignedIn Write   op::channels::redeem_invite;
    POST   "/api/invites/{id}/accept"             SignedIn Write   op::channels::accept_invite;
    POST   "/api/invites/{id}/decline"            SignedIn Write   op::channels::decline_invite;

    GET    "/api/messages"                        SignedIn Read    op::messages::list;
    POST   "/api/messages"                        SignedIn Write   op::messages::create;
    GET    "/api/messages/search"                 SignedIn Search  op::search::get;
    POST   "/api/messages/search"                 SignedIn Search  op::search::post, Packed;
    GET    "/api/messages/{id}"                   SignedIn Read    op::messages::show;
    PUT    "/api/messages/{id}"                   SignedIn Write   op::messages::edit;
    DELETE "/api/messages/{id}"                   SignedIn Write   op::messages::delete;
    GET    "/api/messages/{id}/history"           SignedIn Read    op::messages::history;
    POST   "/api/messages/{id}/reactions"         SignedIn Write   op::messages::react;
    DELETE "/api/messages/{id}/reactions/{reaction}" SignedIn Write   op::messages::unreact;
    POST   "/api/messages/{id}/read"              SignedIn Write   op::messages::read;
    GET    "/api/messages/{id}/receipts"          SignedIn Read    op::messages::receipts;
    POST   "/api/messages/{id}/reveal"            SignedIn Write   op::phi::reveal;
    POST   "/api/phi/check"                       SignedIn Read    op::phi::check;
    GET    "/api/messages/{id}/thread"            SignedIn Read    op::messages::thread;
    PUT    "/api/messages/{id}/pin"               SignedIn Write   op::messages::pin;
    DELETE "/api/messages/{id}/pin"               SignedIn Write   op::messages::unpin;
    GET    "/api/channels/{id}/pins"              SignedIn Read    op::messages::pins;

    GET    "/api/presence"                        SignedIn Read    op::presence::show;
    PUT    "/api/presence"                        SignedIn Write   op::presence::choose;
    GET    "/api/connections"                     SignedIn Read    op::connections::list;
    DELETE "/api/connections/{id}"                SignedIn Admin   op::connections::disconnect;
    GET    "/api/announcement"                    SignedIn Read    op::announcements::show;
    PUT    "/api/announcement"                    SignedIn Admin   op::announcements::announce;
    DELETE "/api/announcement"                    SignedIn Admin   op::announcements::withdraw;

    GET    "/api/backups"                         SignedIn Read    op::backups::list;
    POST   "/api/backups"                         SignedIn Admin   op::backups::make;
    GET    "/api/backups/status"                  SignedIn Read    op::backups::status;
    GET    "/api/backups/plan"                    SignedIn Read    op::backups::plan;
    PUT    "/api/backups/plan"                    SignedIn Admin   op::backups::change_plan;
    POST   "/api/backups/folder-test"             SignedIn Admin   op::backups::test_folder;
    DELETE "/api/backups/{name}"                  SignedIn Admin   op::backups::remove;

    GET    "/api/settings"                        SignedIn Read    op::settings::list;
    GET    "/api/settings/{name}"                 SignedIn Read    op::settings::show;
    PUT    "/api/settings/{name}"                 SignedIn Admin   op::settings::change;
    DELETE "/api/settings/{name}"                 SignedIn Admin   op::settings::reset;

    GET    "/api/permissions"                     SignedIn Read    op::roles::permissions;
    GET    "/api/roles"                           SignedIn Read    op::roles::list;
    POST   "/api/roles"                           SignedIn Admin   op::roles::create;
    GET    "/api/roles/matrix"                    SignedIn Read    op::roles::matrix;
    PUT    "/api/roles/matrix"                    SignedIn Admin   op::roles::reshape;
    POST   "/api/roles/matrix/preview"            SignedIn Read    op::roles::preview;
    GET    "/api/roles/{id}"                      SignedIn Read    op::roles::show;
    PUT    "/api/roles/{id}"                      SignedIn Admin   op::roles::change;
    DELETE "/api/roles/{id}"                      SignedIn Admin   op::roles::remove;
    GET    "/api/users/{id}/effective-permissions" SignedIn Read    op::roles::effective;
    GET    "/api/admin/overview"                  SignedIn Read    op::admin::overview;
    GET    "/api/admin/settings"                  SignedIn Read    op::admin::settings;
    GET    "/api/admin/settings/{name}"           SignedIn Read    op::admin::setting;
    PUT    "/api/admin/settings/{name}"           SignedIn Admin   op::admin::change_setting;
    DELETE "/api/admin/settings/{name}"           SignedIn Admin   op::admin::reset_setting;
    GET    "/api/admin/logs"                      SignedIn Read    op::admin::log_state;
    PUT    "/api/admin/logs/level"                SignedIn Admin   op::admin::log_level;
    GET    "/api/admin/logs/{log}"                SignedIn Read    op::admin::log_lines;
    GET    "/api/admin/about"                     SignedIn Read    op::admin::about;
    GET    "/api/admin/diagnostics"               SignedIn Read    op::admin::diagnostics;
    GET    "/api/audit/verification"              SignedIn Read    op::audit::verification;
    POST   "/api/audit/verification"              SignedIn Write   op::audit::verify;
    POST   "/api/users/import"                    SignedIn Admin   op::admin::import, Raw;
    GET    "/api/blocks"                          SignedIn Read    op::admin::list_blocks;
    POST   "/api/blocks"                          SignedIn Write   op::admin::block;
    DELETE "/api/blocks/{id}"                     SignedIn Write   op::admin::unblock;


    GET    "/api/admin/metrics"                   SignedIn Read    op::metrics::now;
    GET    "/api/admin/metrics/history"           SignedIn Read    op::metrics::history;

    GET    "/api/messages/flagged"                SignedIn Read    op::writing::list_flagged;
    POST   "/api/messages/{id}/flag"              SignedIn Write   op::writing::flag_message;
    POST   "/api/messages/{id}/review"            SignedIn Write   op::writing::review_message;

    GET    "/api/channels/{id}/draft"             SignedIn Read    op::writing::show_draft;
    PUT    "/api/channels/{id}/draft"             SignedIn Write   op::writing::keep_draft;
    DELETE "/api/channels/{id}/draft"             SignedIn Write   op::writing::discard_draft;
    PUT    "/api/messages/{id}/bookmark"          SignedIn Write   op::writing::set_bookmark;
    DELETE "/api/messages/{id}/bookmark"          SignedIn Write   op::writing::remove_bookmark;
    GET    "/api/bookmarks"                       SignedIn Read    op::writing::list_bookmarks;

    GET    "/api/channels/{id}/message-lifetime"  SignedIn Read    op::writing::show_lifetime;
    PUT    "/api/channels/{id}/message-lifetime"  SignedIn Write   op::writing::change_lifetime;
    GET    "/api/messages/scheduled"              SignedIn Read    op::writing::list_scheduled;
    POST   "/api/messages/scheduled"              SignedIn Write   op::writing::schedule_message;
    PUT    "/api/messages/scheduled/{id}"         SignedIn Write   op::writing::change_scheduled;
    DELETE "/api/messages/scheduled/{id}"         SignedIn Write   op::writing::cancel_scheduled;
    GET    "/api/reminders"                       SignedIn Read    op::writing::list_reminders;
    POST   "/api/reminders"                       SignedIn Write   op::writing::ask_reminder;
    DELETE "/api/reminders/{id}"                  SignedIn Write   op::writing::remove_reminder;

    GET    "/api/templates"                       SignedIn Read    op::writing::list_templates;
    POST   "/api/templates"                       SignedIn Write   op::writing::add_template;
    PUT    "/api/templates/{id}"                  SignedIn Write   op::writing::change_template;
    DELETE "/api/templates/{id}"                  SignedIn Write   op::writing::remove_template;
    GET    "/api/commands"                        SignedIn Read    op::writing::list_commands;
    GET    "/api/schemas"                         SignedIn Read    op::writing::list_schemas;
    GET    "/api/schemas/{name}"                  SignedIn Read    op::writing::show_schema;

    GET    "/api/words"                           SignedIn Read    op::writing::list_words;
    POST   "/api/words"                           SignedIn Admin   op::writing::add_word;
    PUT    "/api/words/{id}"                      SignedIn Admin   op::writing::change_word;
    DELETE "/api/words/{id}"                      SignedIn Admin   op::writing::remove_word;

    GET    "/api/api-keys"                        SignedIn Read    op::keys::list;
    POST   "/api/api-keys"                        SignedIn Admin   op::keys::make;
    PUT    "/api/api-keys/{id}"                   SignedIn Admin   op::keys::change;
    DELETE "/api/api-keys/{id}"                   SignedIn Admin   op::keys::revoke;
    POST   "/api/api-keys/{id}/rotate"            SignedIn Admin   op::keys::rotate;

    GET    "/api/exports"                         SignedIn Read    op::exports::list;
    POST   "/api/exports"                         SignedIn Export  op::exports::create;
    GET    "/api/exports/{id}"                    SignedIn Read    op::exports::show;
    DELETE "/api/exports/{id}"                    SignedIn Write   op::exports::remove;
    GET    "/api/exports/{id}/file"               SignedIn Export  op::exports::file;

    GET    "/api/audit"                           SignedIn Read    op::audit::list;
    GET    "/api/audit/export"                    SignedIn Export  op::audit::export;
    GET    "/api/audit/{id}"                      SignedIn Read    op::audit::show;
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
        let web = web.clone();
        router = router.route(
            path,
            methods.fallback(move |request: Request| std::future::ready(wrong_method(&web, &request, &allowed))),
        );
    }
    let web = web.clone();
    router.fallback(move |request: Request| std::future::ready(nowhere(&web, &request)))
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
    let mut measure = Measure::of(route.class);
    let mut response = match attempt(route, web, params, request, &forwarded, coding, &mut measure).await {
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
    measure.tell(&mut response);
    response.extensions_mut().insert(Seen { route: route.path, user: measure.user() });
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
    measure: &mut Measure,
) -> Result<Answer> {
    // Who may not ask is told so before a byte of the body is read.
    let said = match route.access {
        Access::Open => None,
        Access::Either if !hearing::says_who(&request) => None,
        Access::Either | Access::SignedIn => Some(hearing::token(&request)),
    };
    let cx = match admitted(&web, said, forwarded, measure).await {
        Ok(cx) => cx,
        Err(error) => {
            hearing::hear_out(request.into_body());
            return Err(error);
        }
    };
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().map(str::to_owned));
    let host = super::front::host_of(&request).unwrap_or_default().to_owned();
    let own_page = cookie::is_for(request.headers(), &host);
    let if_match = joined(&request, &header::IF_MATCH);
    let body = hearing::body(request, &web, route.raw).await?;
    (route.run)(Call { web, cx, params, query, path, host, if_match, own_page, coding, body }).await
}

/// Who asks, if they may ask now; nobody has to have `said` who they are where anybody may ask.
async fn admitted(web: &Web, said: Option<Result<&str>>, forwarded: &Forwarded, measure: &mut Measure) -> Result<Cx> {
    measure.at_address(web, &forwarded.peer)?;
    let Some(token) = said else { return Ok(web.gate.visitor(forwarded.peer.clone())) };
    let cx = web.gate.authenticate(token?, forwarded.peer.clone()).await?;
    measure.of_caller(web, &cx)?;
    Ok(cx)
}

/// All headers of a name as one list. What is no text cannot have come from us and stays as something that is wrong.
fn joined(request: &Request, name: &header::HeaderName) -> Option<String> {
    let values: Vec<_> = request.headers().get_all(name).iter().map(|v| v.to_str().unwrap_or_default()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn wrong_method(web: &Web, request: &Request, allowed: &str) -> Response<Body> {
    if let Err(refusal) = counted(web, request) {
        return *refusal;
    }
    let id = request.extensions().get::<Forwarded>().map_or_else(String::new, |f| f.request_id.to_string());
    let error = Error::invalid("method_not_allowed", format!("This path can be asked with {allowed}."));
    let mut response = problem::with_status(&error, &id, StatusCode::METHOD_NOT_ALLOWED);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// What is no route costs little, and is counted all the same.
fn counted(web: &Web, request: &Request) -> std::result::Result<(), Box<Response<Body>>> {
    let Some(forwarded) = request.extensions().get::<Forwarded>() else { return Ok(()) };
    let mut measure = Measure::of(Class::Page);
    measure.at_address(web, &forwarded.peer).map_err(|error| {
        let mut response = problem::answer(&error, &forwarded.request_id);
        measure.tell(&mut response);
        Box::new(response)
    })
}

fn nowhere(web: &Web, request: &Request) -> Response<Body> {
    if let Err(refusal) = counted(web, request) {
        return *refusal;
    }
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
                ("POST", "/api/setup/state"),
                ("PUT", "/api/setup/clinic"),
                ("PUT", "/api/setup/networks"),
                ("POST", "/api/setup/networks/confirm"),
                ("PUT", "/api/setup/hosts"),
                ("POST", "/api/setup/administrator"),
                ("POST", "/api/auth/login"),
                ("POST", "/api/auth/password-strength"),
                ("POST", "/api/auth/register"),
                ("POST", "/api/auth/reset-password"),
                ("POST", "/api/invitations/check"),
            ]
        );
    }
}
