//! P1: durable sends. 50 senders in a closed loop, 10 channels of 20 members on 200 sockets, 120 bytes of text.

use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

use super::{Shape, take_seats};
use crate::driver::board::{Board, finish, seat};
use crate::driver::probe::{Meter, forced_appends_per_sec, memory_mib};
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

/// Ten channels of twenty with fifty voices.
pub const SHAPE: Shape = Shape { channels: 10, members_per_channel: 20, senders: 50 };
/// A message that goes out alone, to one other member.
const LONE: Shape = Shape { channels: 1, members_per_channel: 2, senders: 1 };
/// Not measured: allocators and TCP windows find their size.
const WARM_UP: Duration = Duration::from_secs(1);
const DRAIN_MAX: Duration = Duration::from_secs(15);

/// Measures one server.
pub async fn run(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    let mut clinic = bench.take(kind, "crowd")?;
    let server = clinic.open().await?;
    let seats = take_seats(&mut clinic, &server.address, SHAPE).await?;
    let board = Board::new(SHAPE.senders, SHAPE.members_per_channel);
    let seated = seat(seats, &board);
    sleep(WARM_UP).await;

    board.borrow_mut().measure();
    let meter = Meter::start(server.pid())?;
    sleep(bench.args.load_time()).await;
    let used = meter.read()?;
    let memory = memory_mib(server.pid())?;
    board.borrow_mut().pause();
    let traced = if bench.args.forced_writes && kind != Kind::Raw {
        let before = board.borrow().acked_ever;
        let forced = count_forced_writes(server.pid()).await?;
        Some(forced / as_f64(board.borrow().acked_ever - before))
    } else {
        None
    };
    let board = finish(&board, seated, DRAIN_MAX).await;

    bench.faults_of("P1", kind, &board);
    bench.report.cores(used.client_cpu / used.secs, used.other_cores);
    bench.note(kind, "P1 acked/s", as_f64(board.acked) / used.secs);
    bench.note(kind, "P1 deliveries/s", as_f64(board.delivered) / used.secs);
    bench.note(kind, "P1 ack p50, ms", board.ack.quantile_ms(0.5));
    bench.note(kind, "P1 ack p99, ms", board.ack.quantile_ms(0.99));
    bench.note(kind, "P1 last copy p50, ms", board.last.quantile_ms(0.5));
    bench.note(kind, "P1 last copy p99, ms", board.last.quantile_ms(0.99));
    let per_10k = used.server_cpu / as_f64(board.delivered) * 1e4;
    bench.note(kind, "P1 server CPU s per 10,000 deliveries", per_10k);
    bench.note(kind, "P1 memory under load, MiB", memory);
    if let Some(traced) = traced {
        bench.note(kind, "P1 forced writes per ack (traced)", traced);
    }

    if kind != Kind::Raw {
        let seats = take_seats(&mut clinic, &server.address, LONE).await?;
        let board = Board::new(LONE.senders, LONE.members_per_channel);
        let seated = seat(seats, &board);
        sleep(Duration::from_millis(200)).await;
        board.borrow_mut().measure();
        sleep(Duration::from_secs(2)).await;
        board.borrow_mut().pause();
        let board = finish(&board, seated, DRAIN_MAX).await;
        // At once, because the disk's mood changes within seconds.
        let forced_ms = 1e3 / forced_appends_per_sec(&clinic.dir)?;
        bench.faults_of("P1 alone", kind, &board);
        let alone = board.ack.quantile_ms(0.5);
        bench.note(kind, "P1 one sender alone: ack p50, ms", alone);
        bench.note(kind, "P1 one sender alone: ack p50 / one forced append", alone / forced_ms);
    }
    server.end().await?;
    bench.keep(clinic, "crowd");
    Ok(())
}

/// Two seconds under strace. Tracing slows the server, so this runs after the measurement and only when asked for.
async fn count_forced_writes(pid: u32) -> Outcome<f64> {
    let log = std::env::temp_dir().join(format!("messenger-bench-{pid}.strace"));
    let mut tracer = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(&log)
        .args(["-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("strace: {error}"))?;
    sleep(Duration::from_secs(2)).await;
    let end = i32::try_from(tracer.id()).ok().and_then(rustix::process::Pid::from_raw).ok_or("an odd pid")?;
    rustix::process::kill_process(end, rustix::process::Signal::INT)?;
    tracer.wait()?;
    let lines = std::fs::read_to_string(&log)?;
    std::fs::remove_file(&log)?;
    Ok(as_f64(lines.lines().filter(|line| line.contains("sync(")).count() as u64))
}

/// Counts here stay far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts of one run")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}
