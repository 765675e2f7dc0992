//! People.

use crate::error::Result;
use crate::features::users;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, get, post, put};
use crate::id::UserId;
use crate::wire::users::{ChangedUser, NewUser, User};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/users", "Who has an account, by name.").pages_of::<User>(),
        post("/api/users", "Makes an account.").takes::<NewUser>().makes::<User>().versioned(),
        get("/api/users/{id}", "One account.").gives::<User>().versioned(),
        put("/api/users/{id}", "Changes an account.").takes::<ChangedUser>().gives::<User>().versioned(),
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
