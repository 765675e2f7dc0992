//! P2: fan-out. One channel of 500 members, one sender and then five.

use std::time::Duration;

use tokio::time::sleep;

use super::sends::as_f64;
use super::{Shape, take_seats};
use crate::driver::board::{Board, finish, seat};
use crate::driver::probe::Meter;
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

/// Measures one server.
pub async fn run(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    let mut clinic = bench.take(kind, "crowd")?;
    let server = clinic.open().await?;
    for (senders, name) in [(1, "P2 1 sender"), (5, "P2 5 senders")] {
        let shape = Shape { channels: 1, members_per_channel: 500, senders };
        let seats = take_seats(&mut clinic, &server.address, shape).await?;
        let board = Board::new(senders, shape.members_per_channel);
        let seated = seat(seats, &board);
        sleep(Duration::from_secs(1)).await;
        board.borrow_mut().measure();
        let meter = Meter::start(server.pid())?;
        sleep(bench.args.load_time().mul_f64(0.8)).await;
        let used = meter.read()?;
        board.borrow_mut().pause();
        let board = finish(&board, seated, Duration::from_secs(15)).await;

        bench.faults_of(name, kind, &board);
        bench.report.cores(used.client_cpu / used.secs, used.other_cores);
        bench.note(kind, &format!("{name}: deliveries/s"), as_f64(board.delivered) / used.secs);
        bench.note(kind, &format!("{name}: delivery p99, ms"), board.delivery.quantile_ms(0.99));
        if senders > 1 {
            let per_10k = used.server_cpu / as_f64(board.delivered) * 1e4;
            bench.note(kind, &format!("{name}: server CPU s per 10,000 deliveries"), per_10k);
        }
    }
    server.end().await?;
    bench.keep(clinic, "crowd");
    Ok(())
}
