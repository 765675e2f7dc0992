//! P6: a word among all messages of a long channel, and what searching does to those who send.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Shape, history, take_seats};
use crate::driver::board::{Board, finish, seat};
use crate::driver::client::Address;
use crate::driver::histogram::Histogram;
use crate::driver::rest::Rest;
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

/// Ten people who send while somebody searches without a pause.
const SENDING: Shape = Shape { channels: 2, members_per_channel: 10, senders: 10 };
/// In every message, in one of the first, and in none.
const FREQUENT: &str = "writer";
const RARE: &str = "\"note 3 of writer 5\"";
const ABSENT: &str = "unicorn";

/// Measures the server; a relay has nothing to search.
pub async fn run(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    if kind != Kind::Ours {
        return Ok(());
    }
    let mut clinic = bench.take(kind, "archive")?;
    let server = clinic.open().await?;
    history::fill(&mut clinic, &server.address, bench.args.filled).await?;
    let token = clinic.people[0].token.clone();
    let mut rest = Rest::dial(&server.address).await?;
    let (many, few) = if bench.args.quick { (100, 5) } else { (500, 20) };
    for (name, query, rounds, wanted) in
        [("frequent word, newest 50", FREQUENT, many, 50), ("rare word", RARE, few, 1), ("absent word", ABSENT, few, 0)]
    {
        let mut times = Histogram::default();
        for round in 0..=rounds {
            let (took, found) = search(&mut rest, &token, query).await?;
            if found != wanted {
                bench.report.fault(format!("P6 {name}: {found} found instead of {wanted}"));
            }
            if round > 0 {
                times.add(took);
            }
        }
        bench.note(kind, &format!("P6 {name}, p50, ms"), times.quantile_ms(0.5));
        bench.note(kind, &format!("P6 {name}, p99, ms"), times.quantile_ms(0.99));
    }

    let seats = take_seats(&mut clinic, &server.address, SENDING).await?;
    let board = Board::new(SENDING.senders, SENDING.members_per_channel);
    let seated = seat(seats, &board);
    sleep(Duration::from_secs(1)).await;
    let span = bench.args.load_time().mul_f64(0.5);
    board.borrow_mut().measure();
    sleep(span).await;
    let before = board.borrow().ack.quantile_ms(0.99);
    board.borrow_mut().measure();
    let searches = search_for(&server.address, &token, span).await?;
    let meanwhile = board.borrow().ack.quantile_ms(0.99);
    board.borrow_mut().pause();
    let board = finish(&board, seated, Duration::from_secs(15)).await;
    bench.faults_of("P6", kind, &board);
    eprintln!("  {searches} searches while others sent");
    bench.note(kind, "P6 ack p99 without searches, ms", before);
    bench.note(kind, "P6 ack p99 of sends meanwhile / before", meanwhile / before);
    server.end().await?;
    bench.keep(clinic, "archive");
    Ok(())
}

/// How long the answer took, and how many messages it has; a search that ran out of time goes on.
async fn search(rest: &mut Rest, token: &str, query: &str) -> Outcome<(Duration, usize)> {
    let start = Instant::now();
    let (mut found, mut cursor) = (0, serde_json::Value::Null);
    loop {
        let body = serde_json::json!({ "q": query, "cursor": cursor });
        let answer = rest.post("/api/messages/search", token, &body).await?.json()?;
        found += answer["results"].as_array().map_or(0, Vec::len);
        if found >= 50 || answer["complete"] == true {
            return Ok((start.elapsed(), found));
        }
        cursor = answer["next"].clone();
    }
}

async fn search_for(address: &Address, token: &str, span: Duration) -> Outcome<usize> {
    let mut rest = Rest::dial(address).await?;
    let (start, mut searches) = (Instant::now(), 0);
    while start.elapsed() < span {
        search(&mut rest, token, ABSENT).await?;
        searches += 1;
    }
    Ok(searches)
}
