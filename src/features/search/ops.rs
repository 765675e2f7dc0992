//! Searching: slices from the newest on, until there is enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;

use super::cursor;
use super::deeds::SearchDeed;
use super::plan::{Plan, readable};
use super::query::Query;
use super::scan::{Hit, Slice, scan};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, messages};
use crate::gate::{Cx, Permission};
use crate::id::SearchId;
use crate::wire::search::{Found, Search};

/// Places of the first slice: a frequent word is answered from it.
const SLICE_MIN: i64 = 256;
/// Places of the last: a reading transaction of some milliseconds.
const SLICE_MAX: i64 = 8_192;

/// Tells the slices under way that nobody waits for them, however the search ends.
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the slices came to.
struct Harvest {
    hits: Vec<Hit>,
    /// The place to go on from; 0 when everything was seen.
    next: i64,
    back_to: Option<Timestamp>,
}

/// The newest messages of which the query is true, among those that the caller may read.
pub async fn search(cx: &Cx, means: &Means, body: Search) -> Result<Found> {
    let limit = Cursor { limit: body.limit, ..Cursor::default() }.rows(&means.limits)? as usize;
    let query = Query::parse(&body.query)?;
    let reader = cx.who().user().ok_or_else(|| Error::unauthenticated("not_signed_in", "Sign in first."))?;
    let _seat = means.searches.enter(reader)?;
    let plan = Arc::new(cx.view(SearchDeed::Plan, move |look| Plan::of(look, query)).await?);
    let bound = |place| cursor::encode(place, &plan.query.digest, plan.along, reader);
    let from = match &body.cursor {
        Some(text) => cursor::decode(text, &plan.query.digest, plan.along, reader)?.min(plan.newest),
        None => plan.newest,
    };
    let harvest = if plan.is_void() {
        Harvest { hits: Vec::new(), next: 0, back_to: None }
    } else {
        harvest(cx, means, &plan, from, limit).await?
    };
    let (searched_back_to, complete) = (harvest.back_to, harvest.next == 0);
    let next = (!complete).then(|| bound(harvest.next));
    let results = if harvest.hits.is_empty() { Vec::new() } else { read(cx, harvest.hits).await? };
    Ok(Found { results, searched_back_to, next, complete })
}

/// Looks through slices in parallel and takes them in order.
async fn harvest(cx: &Cx, means: &Means, plan: &Arc<Plan>, from: i64, limit: usize) -> Result<Harvest> {
    let began = cx.monotonic();
    let given_up = GiveUp(Arc::default());
    let mut under_way = FuturesOrdered::new();
    let (mut above, mut places) = (from, SLICE_MIN);
    let mut harvest = Harvest { hits: Vec::new(), next: from, back_to: None };
    let mut commits = cx.commits();
    loop {
        // While others send, a search takes one core and leaves them the rest.
        let busy = commits != cx.commits();
        commits = cx.commits();
        let at_once = if busy { 1 } else { means.searches.threads() };
        while above > 0 && under_way.len() < at_once {
            let span = ((above - places).max(0), above);
            (above, places) = (span.0, (places * 2).min(SLICE_MAX));
            let (cx, plan, given_up) = (cx.clone(), plan.clone(), given_up.0.clone());
            let slice =
                means.searches.run(move || cx.scan(SearchDeed::Scan, |look| scan(look, &plan, span, &given_up)));
            under_way.push_back(async move { slice.await.map(|slice| (span.0, slice)) });
        }
        let Some(outcome) = under_way.next().await else { return Ok(harvest) };
        let (low, Slice { hits, oldest }) = outcome?;
        harvest.hits.extend(hits);
        harvest.next = low;
        harvest.back_to = oldest.or(harvest.back_to);
        if harvest.hits.len() >= limit {
            if let Some(first_left) = harvest.hits.get(limit) {
                harvest.next = first_left.place;
                harvest.back_to = Some(harvest.hits[limit - 1].at);
                harvest.hits.truncate(limit);
            }
            return Ok(harvest);
        }
        if cx.monotonic().saturating_sub(began) >= means.limits.search_within {
            return Ok(harvest);
        }
    }
}

/// Opens what was found, for whom it is still open.
async fn read(cx: &Cx, hits: Vec<Hit>) -> Result<Vec<crate::wire::messages::Message>> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let search: SearchId = cx.new_id();
    let (results, phi) = (count(hits.len()), count(hits.iter().filter(|hit| hit.phi).count()));
    cx.view(SearchDeed::Read { search, results, phi }, move |look| {
        let reader = look.user()?;
        let readable = readable(look, reader)?;
        let phi = look.allows(Permission::PhiRead)?;
        let ids: Vec<_> = hits.iter().map(|hit| hit.id).collect();
        let messages = messages::open_all(look, &ids, phi)?;
        Ok(messages.into_iter().filter(|m| readable.contains(&m.channel_id) && !m.deleted && !m.redacted).collect())
    })
    .await
}
