//! P7 and P8: how soon a start answers, what an idle server weighs.

use std::time::Duration;

use tokio::time::sleep;

use super::history::fill;
use super::sends::as_f64;
use crate::driver::people::Clinic;
use crate::driver::probe::memory_mib;
use crate::driver::report::median;
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

const STARTS: usize = 5;

/// Measures one server.
pub async fn run(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    let clinic = bench.found(kind, "fresh")?;
    let server = clinic.open().await?;
    bench.note(kind, "P7 first start ever to first answer, ms", server.ready_after.as_secs_f64() * 1e3);
    server.end().await?;
    let empty = starts(&clinic).await?;
    bench.note(kind, "P7 start to first answer, empty, ms", empty);

    let server = clinic.open().await?;
    sleep(Duration::from_secs(2)).await;
    let idle = memory_mib(server.pid())?;
    bench.note(kind, "P8 idle memory, MiB", idle);
    let size = as_f64(std::fs::metadata(&clinic.executable)?.len()) / 1e6;
    if kind == Kind::Ours {
        bench.note(kind, "P8 size of the executable, MB", size);
    }
    server.end().await?;

    if kind != Kind::Raw {
        let mut archive = bench.take(kind, "archive")?;
        let server = archive.open().await?;
        fill(&mut archive, &server.address, bench.args.filled).await?;
        server.end().await?;
        let filled = starts(&archive).await?;
        bench.note(kind, "P7 start to first answer, filled, ms", filled);
        bench.keep(archive, "archive");
    }
    Ok(())
}

async fn starts(clinic: &Clinic) -> Outcome<f64> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let server = clinic.open().await?;
        times.push(server.ready_after.as_secs_f64() * 1e3);
        server.end().await?;
    }
    median(times).ok_or_else(|| "no start".into())
}
