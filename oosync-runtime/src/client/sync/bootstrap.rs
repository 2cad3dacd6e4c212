//! Everything comes here, or all of some tables, chunk by chunk; after a crash it goes on where it was.

use super::cycle::{Context, Syncer};
use super::incoming::{Incoming, Part};
use super::{Stage, Summary, SyncError};
use crate::client::Event;
use crate::client::StoreError;
use crate::client::transport::{Download, TransportError};
use crate::protocol::{ErrorCode, Mode, Next, Snapshot};

/// How a request for a chunk ended.
enum Loaded {
    /// There is more.
    Some,
    /// That was all.
    All,
    /// The server cannot go on from there.
    Lost,
    /// The cursor beside which tables are fetched is none of the server's, or of the name that this device had before.
    Unknown,
}

impl Syncer {
    /// Loads everything, up to the cursor from which the pull that follows makes it exact.
    pub(super) fn bootstrap(
        &mut self,
        context: &Context<'_>,
        summary: &mut Summary,
    ) -> Result<(), SyncError> {
        self.download(context, None, summary)
    }

    /// Loads the tables that a new version of the app added or changed; the pull that follows makes them exact.
    pub(super) fn fetch(&mut self, context: &Context<'_>, summary: &mut Summary) -> Result<(), SyncError> {
        let tables: Vec<String> = self.store.to_fetch()?.into_iter().map(str::to_owned).collect();
        self.download(context, Some(tables), summary)
    }

    /// All tables, or some; all where the server does not know what the others are of.
    fn download(
        &mut self,
        context: &Context<'_>,
        mut tables: Option<Vec<String>>,
        summary: &mut Summary,
    ) -> Result<(), SyncError> {
        // Nobody could say whether the rows include what was sent.
        if self.store.is_waiting()? {
            let message = "what was sent is not answered: everything is loaded after that".to_owned();
            return Err(SyncError::Unavailable { message, retry_after: None });
        }
        let mut lost = false;
        loop {
            match self.load(context, tables.as_deref(), summary)? {
                Loaded::Some => {}
                Loaded::All => return Ok(()),
                Loaded::Unknown => (tables, lost) = (None, false),
                Loaded::Lost if lost => {
                    let what = "the server does not go on with a snapshot that it has just begun".to_owned();
                    return Err(SyncError::Malformed { what });
                }
                Loaded::Lost => {
                    lost = true;
                    let through = self.store.acknowledged()?;
                    self.begin_download(through, tables.as_deref())?;
                }
            }
        }
    }

    fn begin_download(&mut self, through: u64, tables: Option<&[String]>) -> Result<(), SyncError> {
        match tables {
            None => self.store.begin_bootstrap(through)?,
            Some(tables) => {
                let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
                self.store.begin_fetch(through, &tables)?
            }
        };
        Ok(())
    }

    /// Asks for what comes next, and writes it.
    fn load(
        &mut self,
        context: &Context<'_>,
        tables: Option<&[String]>,
        summary: &mut Summary,
    ) -> Result<Loaded, SyncError> {
        self.keep(context)?;
        let client = self.client()?.ok_or_else(|| SyncError::Refused {
            code: ErrorCode::UnknownClient,
            message: "this device has not registered".to_owned(),
        })?;
        let under_way = self.store.bootstrap()?.filter(|under_way| under_way.tables.as_deref() == tables);
        let resume = under_way.and_then(|under_way| under_way.resume);
        let resume = resume.map(String::from_utf8).transpose();
        let resume = resume.map_err(|_| StoreError::Damaged { what: "a token is no text".to_owned() })?;
        // Whatever has been answered by now is part of what the server is about to read.
        let through = self.store.acknowledged()?;
        let goes_on = resume.is_some();
        let request = Snapshot {
            client,
            schema_hash: self.schema.hash.to_owned(),
            resume,
            tables: tables.map(<[String]>::to_vec),
            cursor: if tables.is_some() { self.cursor()? } else { None },
            limit: None,
            // In that of keys: SQLite gains more by it than the server loses by sorting.
            order: None,
        };
        let body = match context.transport.snapshot(&request) {
            Ok(Download::Frames(body)) => body,
            Ok(Download::SnapshotRequired(_)) => return Ok(Loaded::Lost),
            Err(TransportError::Refused(error)) if goes_on && error.code == ErrorCode::InvalidToken => {
                return Ok(Loaded::Lost);
            }
            Err(TransportError::Refused(error))
                if tables.is_some() && error.code == ErrorCode::InvalidToken =>
            {
                return Ok(Loaded::Unknown);
            }
            Err(error) => return Err(error.into()),
        };
        let mut incoming = Incoming::new(body, self.schema, true, self.store.is_encrypted());
        let mut begun = goes_on;
        loop {
            let part = incoming.receive(&mut || self.keep(context))?;
            incoming.expect(if goes_on { &[Mode::Chunk] } else { &[Mode::Snapshot] })?;
            if !begun {
                self.begin_download(through, tables)?;
                begun = true;
            }
            let mut load = self.store.begin_load()?;
            incoming.write(&mut load)?;
            match part {
                Part::Progress(progress) => {
                    load.commit(progress.resume.as_bytes())?;
                    let (rows, estimated) = (progress.rows, progress.estimated);
                    (context.emit)(Event::Progress { stage: Stage::Bootstrap, rows, estimated });
                }
                Part::End(end) => match end.next {
                    Next::Resume(token) => {
                        load.commit(token.as_bytes())?;
                        return Ok(Loaded::Some);
                    }
                    Next::Cursor(cursor) => {
                        load.commit_last()?;
                        let applied = self.store.finish_bootstrap(cursor.as_bytes())?;
                        let rows: u64 = end.counts.values().map(|counts| counts.rows).sum();
                        summary.rows += rows.max(applied.rows);
                        match tables {
                            None => summary.bootstrapped = true,
                            Some(tables) => summary.fetched.extend_from_slice(tables),
                        }
                        return Ok(Loaded::All);
                    }
                },
            }
        }
    }
}
