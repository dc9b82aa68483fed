//! The configuration that is in force, and asking for the file to be read again.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot};

use super::{Config, Problems};

/// The configuration that is in force; clones are the same.
#[derive(Clone)]
pub struct Live(Arc<RwLock<Arc<Config>>>);

impl Live {
    /// In force from the start.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    /// What is in force now.
    pub fn get(&self) -> Arc<Config> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this is.
    pub fn replace(&self, config: Config) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

/// Keys that were changed and take effect at the next start.
pub type AtNextStart = Vec<&'static str>;

/// Why the configuration was not taken over; the old one goes on.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The file cannot be used.
    #[error("{0}")]
    Refused(Problems),
    /// The file can be used, and the service cannot go on with it.
    #[error("{0}")]
    Failed(String),
    /// The service stops, or does not take over configurations.
    #[error("the service takes over no configuration now")]
    Nobody,
}

/// Who waits for what became of it.
pub type Asked = oneshot::Sender<Result<AtNextStart, NotTaken>>;

/// Askers that may wait at once: people at one page, and one of them is served at a time.
const ASKERS_MAX: usize = 8;

/// Asks the service to read its configuration again; clones ask the same one.
#[derive(Debug, Clone)]
pub struct Reload(mpsc::Sender<Asked>);

impl Reload {
    /// The asking side, and the side that does it.
    pub fn channel() -> (Self, mpsc::Receiver<Asked>) {
        let (ask, asked) = mpsc::channel(ASKERS_MAX);
        (Self(ask), asked)
    }

    /// Has the file read again and taken over; what cannot be is named.
    pub async fn ask(&self) -> Result<AtNextStart, NotTaken> {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).await.map_err(|_| NotTaken::Nobody)?;
        answered.await.unwrap_or(Err(NotTaken::Nobody))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_a_service_that_has_gone_is_told() {
        let (reload, asked) = Reload::channel();
        drop(asked);
        assert!(matches!(reload.ask().await, Err(NotTaken::Nobody)));
        let (reload, mut asked) = Reload::channel();
        let (answer, ()) = tokio::join!(reload.ask(), async { drop(asked.recv().await) });
        assert!(matches!(answer, Err(NotTaken::Nobody)));
    }
}
