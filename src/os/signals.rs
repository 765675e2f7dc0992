//! How the system asks a server to stop.

/// Ready when a stop is asked for, with what asked: SIGTERM or Ctrl-C on Unix, Ctrl-C, Ctrl-Break, the closing of
/// the console or of the system on Windows.
#[cfg(unix)]
pub async fn stop_asked() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            // Without the handler the system's own way to stop a process is left, which needs nothing from us.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => "SIGTERM",
        Ok(()) = tokio::signal::ctrl_c() => "Ctrl-C",
    }
}

/// See the Unix form.
#[cfg(windows)]
pub async fn stop_asked() -> &'static str {
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
