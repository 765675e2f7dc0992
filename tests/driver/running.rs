//! A server process: wait for it, stop it, kill it, and never leave it behind.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Result;
use super::line::Line;

/// A started server.
pub struct Running {
    child: Child,
    /// The server itself; not the same as the child when it runs under another program.
    server: Option<u32>,
    started: Instant,
    address: SocketAddr,
    ca: PathBuf,
}

impl Running {
    /// `wrapped` is the server's own program, where the child is another that starts it.
    pub(super) fn new(
        child: Child,
        wrapped: Option<&Path>,
        started: Instant,
        address: SocketAddr,
        ca: PathBuf,
    ) -> Result<Self> {
        let mut running = Self { child, server: None, started, address, ca };
        running.server = match wrapped {
            Some(program) => running.find_grandchild(program)?,
            None => Some(running.child.id()),
        };
        Ok(running)
    }

    /// strace and its like start the program as their only child.
    fn find_grandchild(&mut self, program: &Path) -> Result<Option<u32>> {
        let wrapper = self.child.id();
        let children = format!("/proc/{wrapper}/task/{wrapper}/children");
        let executable = program.canonicalize()?;
        for _ in 0..500 {
            if self.child.try_wait()?.is_some() {
                return Ok(None);
            }
            // Before it becomes the server, the child may for a moment be a helper that is soon gone.
            let first = std::fs::read_to_string(&children)?.split_whitespace().last().and_then(|n| n.parse().ok());
            if let Some(pid) = first
                && std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == executable)
            {
                return Ok(Some(pid));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("the wrapped server did not appear within 5 s".into())
    }

    /// The server's process id.
    pub fn id(&self) -> Option<u32> {
        self.server
    }

    /// Since the process was started.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until `/health` says 200; gives the time since the process was started.
    pub async fn healthy(&mut self, limit: Duration) -> Result<Duration> {
        let mut last = String::from("not asked yet");
        while self.age() < limit {
            if let Some(status) = self.ended()? {
                return Err(format!("the server ended with {status} before it was healthy").into());
            }
            let left = limit.saturating_sub(self.age());
            match tokio::time::timeout(left, self.health()).await {
                Ok(Ok(_)) => return Ok(self.age()),
                Ok(Err(why)) => last = why.to_string(),
                Err(_) => break,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(format!("not healthy within {limit:?}; last: {last}").into())
    }

    /// Asks `/health` once, on a connection of its own.
    pub async fn health(&self) -> Result<Value> {
        let line = Line::trusting(self.address, &self.ca)?;
        line.ask("GET", "/health", None, None).await?.expect(200)
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the process to end by itself.
    pub async fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + limit;
        while Instant::now() < until {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(format!("the server did not end within {limit:?}").into())
    }

    /// SIGKILL: the process is gone before it can say a word, whatever it was doing.
    pub async fn kill(mut self) -> Result<ExitStatus> {
        self.end();
        self.wait(Duration::from_secs(20)).await
    }

    /// SIGTERM, and waits for a graceful end.
    #[cfg(unix)]
    pub async fn stop(mut self, limit: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        self.wait(limit).await
    }

    #[cfg(unix)]
    fn end(&mut self) {
        self.signal(Signal::KILL);
    }

    #[cfg(not(unix))]
    fn end(&mut self) {
        // One that already ended is nothing to worry about.
        let _ = self.child.kill();
    }

    /// Sends a signal to the server itself. One that already ended is nothing to worry about.
    #[cfg(unix)]
    pub fn signal(&mut self, signal: Signal) {
        // An ended child that was waited for may have given its number to somebody else.
        if matches!(self.child.try_wait(), Ok(None))
            && let Some(pid) = self.server.and_then(|id| Pid::from_raw(id.try_into().ok()?))
        {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
        if self.server.is_none() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
