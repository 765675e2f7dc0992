//! How the system asks a server to stop.

/// How a server is asked to stop: SIGTERM or Ctrl-C on Unix; Ctrl-C, Ctrl-Break, the closing of the console or of the
/// system on Windows.
pub struct StopAsked {
    #[cfg(unix)]
    terminated: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    interrupted: Option<tokio::signal::unix::Signal>,
}

impl StopAsked {
    /// Hears from now on what is asked; before, the system's own way ends the process. Without a handler that way is
    /// left, which needs nothing from us.
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self { terminated: signal(SignalKind::terminate()).ok(), interrupted: signal(SignalKind::interrupt()).ok() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Ready when a stop is asked for, with what asked.
    #[cfg(unix)]
    pub async fn wait(self) -> &'static str {
        async fn heard(signals: Option<tokio::signal::unix::Signal>) {
            match signals {
                Some(mut signals) => drop(signals.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = heard(self.terminated) => "SIGTERM",
            () = heard(self.interrupted) => "Ctrl-C",
        }
    }

    /// See the Unix form.
    #[cfg(windows)]
    pub async fn wait(self) -> &'static str {
        use tokio::signal::windows;
        let closed = async {
            match (windows::ctrl_break(), windows::ctrl_close(), windows::ctrl_shutdown()) {
                (Ok(mut stop), Ok(mut close), Ok(mut shutdown)) => {
                    tokio::select! {
                        _ = stop.recv() => {}
                        _ = close.recv() => {}
                        _ = shutdown.recv() => {}
                    }
                }
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = closed => "the system",
            Ok(()) = tokio::signal::ctrl_c() => "Ctrl-C",
        }
    }
}

/// How the system asks a server to read its configuration again: SIGHUP on Unix. Elsewhere nobody asks.
pub struct ReloadAsked {
    #[cfg(unix)]
    signals: Option<tokio::signal::unix::Signal>,
}

impl ReloadAsked {
    /// Hears from now on what is asked.
    pub fn listen() -> Self {
        #[cfg(unix)]
        return Self { signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok() };
        #[cfg(not(unix))]
        Self {}
    }

    /// Ready when it is asked again.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.signals
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
