//! Bodies of frames, each made by a task of its own: as fast as Postgres gives rows, whoever reads.

use tokio::sync::oneshot::Sender;
use tracing::Instrument as _;

use super::engine::Shared;
use super::epoch::SecondTry;
use super::spool::{Body, Spool};
use super::{Engine, Error};
use crate::protocol::frame::FrameWriter;

/// What makes a body.
pub(super) trait Frames: Send + Sync + 'static {
    /// What whoever asked is told before the first row.
    type Told: Send + 'static;

    /// What the log calls it.
    const WHAT: &'static str;

    /// Writes all frames, and tells once what is to be told. Where it fails before that, nobody is sent a body; what
    /// fails later ends the body with an `X` frame.
    fn write(
        &self,
        shared: &Shared,
        output: &mut Output<Self::Told>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Where frames go.
pub(super) struct Output<T> {
    pub(super) writer: FrameWriter,
    pub(super) spool: Spool,
    begun: Option<Sender<Result<T, Error>>>,
}

impl<T> Output<T> {
    /// Tells whoever asked; false where nobody waits any more.
    pub(super) fn tell(&mut self, told: T) -> bool {
        self.begun.take().is_some_and(|begun| begun.send(Ok(told)).is_ok())
    }

    /// Sends what was written, if it is worth it.
    pub(super) fn flush_when_large(&mut self) {
        self.spool.write_when_large(&mut self.writer);
    }

    /// Sends what was written.
    pub(super) fn flush(&mut self) {
        self.spool.write(self.writer.take());
    }
}

impl Engine {
    /// Makes a body, and gives what there is to be told of it as soon as it begins.
    pub(super) async fn stream<F: Frames>(&self, frames: F) -> Result<(F::Told, Body), Error> {
        let (spool, body) = Spool::new();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let engine = self.clone();
        let work = async move {
            let mut output = Output { writer: FrameWriter::default(), spool, begun: Some(begun) };
            let mut second = SecondTry::new(&engine.shared);
            let failed = loop {
                match frames.write(&engine.shared, &mut output).await {
                    Ok(()) => return,
                    Err(error) => match second.after(error).await {
                        Ok(()) => {}
                        Err(error) => break error,
                    },
                }
            };
            match output.begun.take() {
                // Nobody has been told anything yet.
                Some(begun) => drop(begun.send(Err(failed))),
                None => {
                    tracing::warn!(detail = failed.detail(), "a {} broke off", F::WHAT);
                    // The header was written: an error can be.
                    let _ = output.writer.error(failed.body());
                    output.flush();
                }
            }
        };
        // What the log says of it belongs to the request.
        tokio::spawn(work.in_current_span());
        match begins.await {
            Ok(Ok(told)) => Ok((told, body)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::internal(format!("the task of a {} ended", F::WHAT))),
        }
    }
}
