//! People who connect and then do nothing useful: half a TLS greeting, a header one byte at a time. All of them
//! must be shed in time, and meanwhile others must be served.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::driver::Result;
use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::line::Line;
use crate::driver::person::Person;
use crate::home;
use crate::options::Options;

/// Nobody may hold a connection longer without having asked anything.
const SHED_WITHIN: Duration = Duration::from_secs(15);
/// What an ordinary client may wait meanwhile. Generous: attackers and server share the test's two cores.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// `--each` attackers of either kind.
pub async fn run(options: &Options) -> Result<String> {
    let each = options.number("each", 1_000);
    let limit = raise_open_files(2 * each + 500);
    if limit < 2 * each + 200 {
        return Err(format!("{each} attackers of each kind need more than {limit} open files: ulimit -n").into());
    }
    let home = home()?;
    // The server inherits the raised limit.
    let mut clinic = Clinic::new(home.path().join("data"))?;
    options.furnish(&mut clinic);
    let done = attack(&clinic, each, &mut Dice::seeded(options.seed)).await;
    let done = done.map_err(|why| format!("{why}{}", clinic.last_words()))?;
    Ok(format!("{done}; open files limit {limit}"))
}

/// Raises the soft limit as far as is allowed and needed; gives what there is now.
fn raise_open_files(wanted: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let current = now.current.unwrap_or(u64::MAX);
    if current < wanted {
        let raised = now.maximum.map_or(wanted, |most| most.min(wanted));
        // Refused is reported by the number that comes out.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: now.maximum });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

async fn attack(clinic: &Clinic, each: u64, dice: &mut Dice) -> Result<String> {
    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(30)).await?;
    let admin = clinic.admin().await?;
    let channel = admin.open_channel("open during the attack", &[]).await?;
    let line = clinic.line()?;
    let files_before = open_files(server.id());

    let mut held = JoinSet::new();
    for _ in 0..each {
        let (one, other) = (line.clone(), line.clone());
        let (a, b) =
            (dice.moment(Duration::ZERO, Duration::from_secs(3)), dice.moment(Duration::ZERO, Duration::from_secs(3)));
        held.spawn(async move {
            tokio::time::sleep(a).await;
            slow_header(&one).await
        });
        held.spawn(async move {
            tokio::time::sleep(b).await;
            half_open(&other).await
        });
    }
    let (done, quiet) = tokio::sync::oneshot::channel();
    let shedding = async {
        let mut longest = Duration::ZERO;
        let mut refused = 0;
        while let Some(held_for) = held.join_next().await {
            match held_for? {
                Some(held_for) => longest = longest.max(held_for),
                None => refused += 1,
            }
        }
        // The healthy client may have failed and gone.
        let _ = done.send(());
        Ok::<_, crate::driver::Wrong>((longest, refused))
    };
    let (shed, healthy) = tokio::join!(shedding, stay_healthy(&admin, &channel, quiet));
    let ((longest, refused), mut waits) = (shed?, healthy?);
    if longest > SHED_WITHIN {
        return Err(format!("an attacker was held {longest:?}").into());
    }
    if refused > each / 10 {
        return Err(format!("{refused} attackers did not even get a connection: nothing was tested").into());
    }
    waits.sort_unstable();
    let worst = *waits.last().ok_or("the healthy client asked nothing")?;
    if worst > ANSWER_WITHIN {
        return Err(format!("an ordinary client waited {worst:?}").into());
    }
    server.healthy(Duration::MAX).await?;
    let files_after = open_files(server.id());
    if files_after > files_before + 20 {
        return Err(format!("the server held {files_before} files before and {files_after} after").into());
    }
    Ok(format!(
        "{each} slow headers and {each} half-open handshakes shed, the longest after {:.1} s; healthy client: \
         {} answers, median {} ms, longest {} ms",
        longest.as_secs_f64(),
        waits.len(),
        waits[waits.len() / 2].as_millis(),
        worst.as_millis()
    ))
}

fn open_files(server: Option<u32>) -> usize {
    server.and_then(|id| std::fs::read_dir(format!("/proc/{id}/fd")).ok()).map_or(0, Iterator::count)
}

/// Shakes hands, then sends a header that never ends; gives how long that was borne.
async fn slow_header(line: &Line) -> Option<Duration> {
    let mut stream = line.open().await.ok()?;
    let connected = Instant::now();
    let (mut answer, mut request) = tokio::io::split(&mut stream);
    let dripping = async {
        let start = format!("GET /health HTTP/1.1\r\nHost: {}\r\nX-Slow: ", line.address);
        request.write_all(start.as_bytes()).await?;
        loop {
            request.write_all(b"a").await?;
            request.flush().await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        #[expect(unreachable_code, reason = "names the type of the block")]
        Ok::<(), std::io::Error>(())
    };
    tokio::select! {
        _ = dripping => {}
        // A 408 may come first; the connection counts until it ends.
        () = drain(&mut answer) => {}
        () = tokio::time::sleep(SHED_WITHIN * 2) => {}
    }
    Some(connected.elapsed())
}

/// Sends the first bytes of a TLS greeting and no more; gives how long that was borne.
async fn half_open(line: &Line) -> Option<Duration> {
    let mut tcp = TcpStream::connect(line.address).await.ok()?;
    let connected = Instant::now();
    // A handshake record (RFC 8446, 5.1) that announces 512 bytes of a ClientHello.
    tcp.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]).await.ok()?;
    tokio::select! {
        () = drain(&mut tcp) => {}
        () = tokio::time::sleep(SHED_WITHIN * 2) => {}
    }
    Some(connected.elapsed())
}

/// Reads until the end, however it comes.
async fn drain(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut bytes = [0; 256];
    while matches!(stream.read(&mut bytes).await, Ok(len) if len > 0) {}
}

/// Somebody who works meanwhile: new connections for `/health` and messages over a WebSocket, ten times a second.
async fn stay_healthy(
    admin: &Person,
    channel: &str,
    mut until: tokio::sync::oneshot::Receiver<()>,
) -> Result<Vec<Duration>> {
    let mut waits = Vec::new();
    let mut socket = admin.connect().await?;
    for number in 0.. {
        let asked = Instant::now();
        admin.line.ask("GET", "/health", None, None).await?.expect(200)?;
        waits.push(asked.elapsed());
        let asked = Instant::now();
        socket.send(channel, "still here", false, &format!("healthy-{number}")).await?;
        waits.push(asked.elapsed());
        if tokio::time::timeout(Duration::from_millis(100), &mut until).await.is_ok() {
            break;
        }
    }
    Ok(waits)
}
