//! What a client tells while it works.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::lock;
use super::store::{InboxItem, InboxKind};
use super::sync::{Stage, Summary};

/// How many events wait for a slow reader.
const WAITING: usize = 1_024;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A cycle began.
    Started,
    /// A cycle has come some way.
    Progress {
        /// What it is about.
        stage: Stage,
        /// Rows or changes so far.
        rows: u64,
        /// About how many there will be, where the server knows.
        estimated: Option<u64>,
    },
    /// A cycle ended well.
    Finished(Summary),
    /// A cycle ended early, in a way that no other event says.
    Failed {
        /// Why.
        message: String,
    },
    /// The server is not reached, or cannot answer now; it is tried again.
    Offline {
        /// What happened.
        message: String,
    },
    /// A change met one of somebody else's. It is in the inbox until it is dismissed.
    Conflict(Box<InboxItem>),
    /// The server refused a change. It is in the inbox until it is dismissed.
    Rejected(Box<InboxItem>),
    /// The server removed a row that was changed here, or there is no place for a value. It is in the inbox until it is
    /// dismissed.
    Lost(Box<InboxItem>),
    /// The user has to sign in again.
    AuthRequired {
        /// What was said.
        message: String,
    },
    /// The app has to be updated; what was written stays queued.
    UpgradeRequired {
        /// What the server said.
        message: String,
    },
    /// So many events were left out because nobody took them; what matters is in the inbox and in the status.
    Missed(u64),
}

impl Event {
    /// What is told of an item of the inbox.
    pub(super) fn of(item: InboxItem) -> Self {
        match item.kind {
            InboxKind::Conflict => Self::Conflict(Box::new(item)),
            InboxKind::Rejected => Self::Rejected(Box::new(item)),
            InboxKind::Removed | InboxKind::NotKept => Self::Lost(Box::new(item)),
        }
    }
}

/// Who wants to know.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<Vec<Listener>>);

#[derive(Debug)]
struct Listener {
    sender: SyncSender<Event>,
    missed: u64,
}

impl Listeners {
    pub(super) fn add(&self) -> Receiver<Event> {
        let (sender, receiver) = sync_channel(WAITING);
        lock(&self.0).push(Listener { sender, missed: 0 });
        receiver
    }

    /// Tells everybody; never waits for one who does not listen.
    pub(super) fn tell(&self, event: &Event) {
        lock(&self.0).retain_mut(|listener| {
            if listener.missed > 0 {
                match listener.sender.try_send(Event::Missed(listener.missed)) {
                    Ok(()) => listener.missed = 0,
                    Err(TrySendError::Full(_)) => {}
                    Err(TrySendError::Disconnected(_)) => return false,
                }
            }
            match listener.sender.try_send(event.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    listener.missed += 1;
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn is_shared<T: Send + Sync>() {}

    /// A client is called from any thread.
    const _: () = is_shared::<crate::client::Client>();

    #[test]
    fn one_who_does_not_listen_holds_nobody_up_and_is_told_how_much_was_missed() {
        let listeners = Listeners::default();
        let slow = listeners.add();
        drop(listeners.add());
        for _ in 0..WAITING + 5 {
            listeners.tell(&Event::Started);
        }
        assert_eq!(lock(&listeners.0).len(), 1, "who is gone is forgotten");
        assert_eq!(slow.try_iter().count(), WAITING);
        listeners.tell(&Event::Started);
        assert_eq!(slow.try_iter().collect::<Vec<_>>(), [Event::Missed(5), Event::Started]);
    }
}
