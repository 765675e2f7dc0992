//! People.

use crate::error::Result;
use crate::features::{Cursor, auth, preferences, sessions, users};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post, put};
use crate::id::UserId;
use crate::wire::auth::{IssuedReset, Success};
use crate::wire::preferences::{ChangedPreferences, Preferences};
use crate::wire::sessions::{Session, Terminate};
use crate::wire::users::{ChangedUser, NewUser, SetPassword, User, UserSearch};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/users", "Who has an account, by name.").pages_of::<User>(),
        post("/api/users", "Makes an account.").takes::<NewUser>().makes::<User>().versioned(),
        get("/api/users/{id}", "One account.").gives::<User>().versioned(),
        put("/api/users/{id}", "Changes an account.").takes::<ChangedUser>().gives::<User>().versioned(),
        delete("/api/users/{id}", "Deletes an account; for thirty days it can come back.")
            .gives::<Success>()
            .fails(&[412]),
        post("/api/users/{id}/restore", "Brings a deleted account back.").gives::<User>().versioned().fails(&[412]),
        post("/api/users/search", "Finds people by name, role and status.").takes::<UserSearch>().pages_of::<User>(),
        get("/api/users/{id}/permissions", "What an account may do now.").gives::<Vec<String>>(),
        put("/api/users/{id}/password", "Sets a password.").takes::<SetPassword>().gives::<Success>(),
        post("/api/users/{id}/password-reset", "Lets somebody choose a new password without the old one.")
            .makes::<IssuedReset>(),
        get("/api/users/{id}/notification-preferences", "How a person wants to be told.")
            .gives::<Preferences>()
            .versioned(),
        put("/api/users/{id}/notification-preferences", "Changes how a person wants to be told.")
            .takes::<ChangedPreferences>()
            .gives::<Success>()
            .versioned(),
        get("/api/users/{id}/sessions", "Where an account is signed in.").pages_of::<Session>(),
        post("/api/users/{id}/terminate-sessions", "Ends sign-ins.").takes::<Terminate>().gives::<Success>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = users::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    Ok(Answer::versioned(&users::create(&call.cx, &call.web.means, call.body()?).await?)?.made())
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    let user: UserId = call.id("id", "user")?;
    Answer::versioned(&users::show(&call.cx, user).await?)
}

pub(in crate::http) async fn change(call: Call) -> Result<Answer> {
    let user: UserId = call.id("id", "user")?;
    Answer::versioned(&users::change(&call.cx, user, call.expected()?, call.body()?).await?)
}

pub(in crate::http) async fn remove(call: Call) -> Result<Answer> {
    users::delete(&call.cx, user(&call)?, call.expected()?).await?;
    Answer::ok(&Success::because("The account is deleted. It can be brought back for thirty days."))
}

pub(in crate::http) async fn restore(call: Call) -> Result<Answer> {
    Answer::versioned(&users::restore(&call.cx, user(&call)?, call.expected()?).await?)
}

pub(in crate::http) async fn search(call: Call) -> Result<Answer> {
    let body: UserSearch = call.body()?;
    let asked = call.cursor()?;
    let page =
        Cursor { limit: body.limit.or(asked.limit), before: body.before.clone().or(asked.before), after: asked.after };
    Answer::page(&call, &users::search(&call.cx, &call.web.means, body, page).await?)
}

pub(in crate::http) async fn permissions(call: Call) -> Result<Answer> {
    Answer::ok(&users::permissions(&call.cx, user(&call)?).await?)
}

pub(in crate::http) async fn set_password(call: Call) -> Result<Answer> {
    auth::set_password(&call.cx, &call.web.means, user(&call)?, call.body()?).await?;
    Answer::ok(&Success::because("The password was changed, and every other sign-in has ended."))
}

pub(in crate::http) async fn issue_reset(call: Call) -> Result<Answer> {
    Answer::created(&auth::issue_reset(&call.cx, user(&call)?).await?)
}

pub(in crate::http) async fn show_preferences(call: Call) -> Result<Answer> {
    Answer::versioned(&preferences::show(&call.cx, user(&call)?).await?)
}

pub(in crate::http) async fn change_preferences(call: Call) -> Result<Answer> {
    let version = preferences::change(&call.cx, user(&call)?, call.expected()?, call.body()?).await?;
    Ok(Answer::ok(&Success::because("The preferences are kept."))?.at(version))
}

pub(in crate::http) async fn list_sessions(call: Call) -> Result<Answer> {
    let page = sessions::list(&call.cx, &call.web.means, user(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn terminate_sessions(call: Call) -> Result<Answer> {
    sessions::terminate(&call.cx, user(&call)?, call.body()?).await?;
    Answer::ok(&Success::because("The sign-ins have ended."))
}

fn user(call: &Call) -> Result<UserId> {
    call.id("id", "user")
}
