//! P5: a page of 50 from a long channel, over a kept connection.

use std::time::Instant;

use futures_util::future::try_join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::driver::client::{Address, message_frame};
use crate::driver::histogram::Histogram;
use crate::driver::people::Clinic;
use crate::driver::rest::Rest;
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

const WRITERS: usize = 8;
/// Sends under way per writer: deep enough for the largest commit groups.
const AHEAD: usize = 64;

/// Measures one server.
pub async fn run(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    if kind == Kind::Raw {
        return Ok(());
    }
    let mut clinic = bench.take(kind, "archive")?;
    let server = clinic.open().await?;
    let channel = fill(&mut clinic, &server.address, bench.args.filled).await?;
    let token = clinic.people[0].token.clone();
    let path = format!("/api/messages?channelId={channel}&limit=50");
    let mut rest = Rest::dial(&server.address).await?;
    let (warm_up, rounds) = if bench.args.quick { (50, 500) } else { (200, 3000) };
    let mut times = Histogram::default();
    for round in 0..warm_up + rounds {
        let start = Instant::now();
        let answer = rest.fetch(&path, &token).await?;
        let took = start.elapsed();
        if round == 0 {
            let rows = answer.json()?.as_array().map_or(0, Vec::len);
            if rows != 50 {
                bench.report.fault(format!("P5 {}: a page of {rows}", kind.name()));
            }
        }
        if answer.status != 200 {
            return Err(format!("page {round} answered {}", answer.status).into());
        }
        if round >= warm_up {
            times.add(took);
        }
    }
    bench.note(kind, "P5 page of 50, p50, ms", times.quantile_ms(0.5));
    bench.note(kind, "P5 page of 50, p99, ms", times.quantile_ms(0.99));
    server.end().await?;
    bench.keep(clinic, "archive");
    Ok(())
}

/// Sees that the clinic's archive channel holds `count` messages. The writers are members but do not listen.
pub async fn fill(clinic: &mut Clinic, address: &Address, count: usize) -> Outcome<String> {
    if let Some((channel, _)) = clinic.archive.as_ref().filter(|(_, holds)| *holds >= count) {
        return Ok(channel.clone());
    }
    clinic.hire(address, WRITERS).await?;
    let members = clinic.people[..WRITERS].to_vec();
    let channel = clinic.channel(address, "archive", &members).await?;
    let start = Instant::now();
    let share = count.div_ceil(WRITERS);
    try_join_all(
        members.iter().enumerate().map(|(number, person)| write(address, &person.token, &channel, number, share)),
    )
    .await?;
    eprintln!("  filled {} with {} messages in {:.1?}", clinic.kind.name(), share * WRITERS, start.elapsed());
    clinic.archive = Some((channel.clone(), count));
    Ok(channel)
}

async fn write(address: &Address, token: &str, channel: &str, number: usize, count: usize) -> Outcome<()> {
    let mut socket = address.enter(token, 16 * 1024).await?;
    let (mut sent, mut acked) = (0, 0);
    while acked < count {
        // In halves, so that a flush carries many frames.
        if sent < count && sent - acked <= AHEAD / 2 {
            while sent < count && sent - acked < AHEAD {
                let text = format!("{:.<120}", format!("note {sent} of writer {number} "));
                socket.feed(message_frame(channel, &text, &format!("a-{number}-{sent}"))).await?;
                sent += 1;
            }
            socket.flush().await?;
        }
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.starts_with("{\"type\":\"ack\"") => acked += 1,
            Some(Ok(Message::Text(text))) if text.starts_with("{\"type\":\"error\"") => {
                return Err(format!("while filling: {text}").into());
            }
            Some(Ok(Message::Close(why))) => return Err(format!("closed while filling: {why:?}").into()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err("the connection ended while filling".into()),
        }
    }
    Ok(())
}
