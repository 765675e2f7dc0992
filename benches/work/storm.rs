//! P4: everybody comes back at once after a restart, with tokens (P4) and with passwords (P4b).

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::sends::{SHAPE, as_f64};
use super::take_seats;
use crate::driver::board::{Board, finish, seat};
use crate::driver::client::{Address, Socket};
use crate::driver::people::{Person, log_in, password};
use crate::driver::probe::{Meter, hashes_per_sec};
use crate::driver::rest::Rest;
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

/// Measures one server, with tokens.
pub async fn with_tokens(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    let count = bench.args.crowd;
    let mut clinic = bench.take(kind, "crowd")?;
    if clinic.people.len() < count {
        let server = clinic.open().await?;
        clinic.hire(&server.address, count).await?;
        server.end().await?;
    }
    let server = clinic.open().await?;
    let meter = Meter::start(server.pid())?;
    let start = Instant::now();
    let arrived = join_all(clinic.people[..count].iter().map(|person| server.address.enter(&person.token, 4096))).await;
    let took = start.elapsed();
    let used = meter.read()?;
    let errors = tell_errors(arrived);

    // The kernel counts CPU in hundredths of a second: of a shorter storm it knows nothing.
    if used.secs > 0.2 {
        bench.report.cores(used.client_cpu / used.secs, used.other_cores);
    }
    bench.note(kind, "P4 all back with tokens, s", took.as_secs_f64());
    bench.note(kind, "P4 errors", errors);
    bench.note(kind, "P4 server CPU ms per client", used.server_cpu * 1e3 / as_f64(count as u64));
    server.end().await?;
    bench.keep(clinic, "crowd");
    Ok(())
}

/// Measures the real server, with passwords: alone against the price of hashing, then beside the load of P1.
pub async fn with_passwords(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    if kind != Kind::Ours {
        return Ok(());
    }
    let count = bench.args.crowd;
    let mut clinic = bench.take(kind, "crowd")?;
    let server = clinic.open().await?;
    clinic.hire(&server.address, count).await?;
    let people = clinic.people[..count].to_vec();

    let floor = as_f64(count as u64) / hashes_per_sec()?;
    let start = Instant::now();
    let arrived = join_all(people.iter().map(|person| come_back(&server.address, person))).await;
    let took = start.elapsed().as_secs_f64();
    let mut errors = tell_errors(arrived);
    bench.note(kind, "P4b all back with passwords, s", took);
    bench.note(kind, "P4b the same / (clients × hash time / cores)", took / floor);

    let seats = take_seats(&mut clinic, &server.address, SHAPE).await?;
    let board = Board::new(SHAPE.senders, SHAPE.members_per_channel);
    let seated = seat(seats, &board);
    sleep(Duration::from_secs(1)).await;
    board.borrow_mut().measure();
    sleep(bench.args.load_time().mul_f64(0.4)).await;
    let before = board.borrow().ack.quantile_ms(0.99);
    board.borrow_mut().measure();
    errors += tell_errors(join_all(people.iter().map(|person| come_back(&server.address, person))).await);
    let meanwhile = board.borrow().ack.quantile_ms(0.99);
    board.borrow_mut().pause();
    let board = finish(&board, seated, Duration::from_secs(15)).await;
    bench.faults_of("P4b", kind, &board);
    bench.note(kind, "P4b errors", errors);
    bench.note(kind, "P4b ack p99 of P1 before it, ms", before);
    bench.note(kind, "P4b ack p99 of P1 meanwhile / before", meanwhile / before);
    server.end().await?;
    bench.keep(clinic, "crowd");
    Ok(())
}

async fn come_back(address: &Address, person: &Person) -> Outcome<Socket> {
    let token = log_in(&mut Rest::dial(address).await?, &person.name, &password(&person.name)).await?;
    address.enter(&token, 4096).await
}

/// How many failed; the first few in words.
fn tell_errors(arrived: Vec<Outcome<Socket>>) -> f64 {
    let errors: Vec<_> = arrived.into_iter().filter_map(Result::err).collect();
    for error in errors.iter().take(3) {
        eprintln!("  a client failed: {error}");
    }
    as_f64(errors.len() as u64)
}
