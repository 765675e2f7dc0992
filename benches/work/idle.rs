//! P3: what an authenticated connection costs while nothing is said.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::sleep;

use super::ENTERING_AT_ONCE;
use super::sends::as_f64;
use crate::driver::client::{Address, Socket};
use crate::driver::people::Person;
use crate::driver::probe::memory_mib;
use crate::driver::server::Kind;
use crate::{Bench, Outcome};

/// These pay for what is allocated once.
const WARM_UP: usize = 50;
/// Time to give back what the handshakes needed.
const SETTLE: Duration = Duration::from_secs(2);

/// Measures one server.
pub async fn run(bench: &mut Bench, kind: Kind) -> Outcome<()> {
    let count = bench.args.idle;
    let mut clinic = bench.take(kind, "crowd")?;
    let mut server = clinic.open().await?;
    let before = clinic.people.len();
    clinic.hire(&server.address, bench.args.crowd.min(count)).await?;
    if kind == Kind::Ours && clinic.people.len() > before {
        // Hashing a thousand passwords leaves traces in the heap: measure a process that has not.
        server.end().await?;
        server = clinic.open().await?;
    }
    let warm = enter(&server.address, &clinic.people, WARM_UP).await?;
    sleep(SETTLE).await;
    let first = memory_mib(server.pid())?;
    let start = Instant::now();
    let idle = enter(&server.address, &clinic.people, count).await?;
    let ramp = as_f64(idle.len() as u64) / start.elapsed().as_secs_f64();
    sleep(SETTLE).await;
    let all = memory_mib(server.pid())?;

    bench.note(kind, "P3 memory per idle connection, KiB", (all - first) * 1024.0 / as_f64(count as u64));
    bench.note(kind, "P3 memory with all connected, MiB", all);
    bench.note(kind, "P3 connections let in per s", ramp);
    drop((warm, idle));
    server.end().await?;
    bench.keep(clinic, "crowd");
    Ok(())
}

async fn enter(address: &Address, people: &[Person], count: usize) -> Outcome<Vec<Socket>> {
    stream::iter(people.iter().cycle().take(count))
        .map(|person| address.enter(&person.token, 1024))
        .buffer_unordered(ENTERING_AT_ONCE)
        .try_collect()
        .await
}
