//! A body that is made as fast as Postgres gives rows, and sent as fast as the device takes them.
//!
//! What the device has not taken yet waits in memory, and beyond that in a temporary file: a slow device holds a file, not
//! a connection to Postgres.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;

use crate::protocol::frame::FrameWriter;

/// What waits in memory before the file is used, in bytes.
const MEMORY: usize = 4 << 20;

/// What is sent at once, in bytes.
const CHUNK: usize = 128 << 10;

/// The writing end; the body ends when it is dropped.
pub(super) struct Spool(Arc<Mutex<Queue>>);

/// A body in frames, in parts as they are sent.
#[derive(Debug)]
pub struct Body(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    parts: VecDeque<Part>,
    /// Bytes of parts in memory.
    memory: usize,
    file: Option<Arc<File>>,
    written: u64,
    ended: bool,
    failed: Option<io::Error>,
    waker: Option<Waker>,
    /// Whether anybody reads.
    abandoned: bool,
}

#[derive(Debug)]
enum Part {
    Memory(Bytes),
    File { from: u64, length: usize },
}

impl Spool {
    pub(super) fn new() -> (Self, Body) {
        let queue = Arc::new(Mutex::new(Queue::default()));
        (Self(Arc::clone(&queue)), Body(queue))
    }

    /// Whether nobody reads any more.
    pub(super) fn is_abandoned(&self) -> bool {
        lock(&self.0).abandoned
    }

    /// Adds a part.
    pub(super) fn write(&self, part: Vec<u8>) {
        let mut queue = lock(&self.0);
        if part.is_empty() || queue.abandoned || queue.failed.is_some() {
            return;
        }
        // Once there is a file, everything goes through it until it is read: parts stay in order either way, and a
        // device that lags is given no more memory.
        if queue.memory + part.len() <= MEMORY {
            queue.memory += part.len();
            queue.parts.push_back(Part::Memory(part.into()));
        } else if let Err(error) = queue.write_to_file(&part) {
            queue.failed = Some(error);
        }
        queue.wake();
    }

    /// Takes what a writer has, if it is worth sending.
    pub(super) fn write_when_large(&self, writer: &mut FrameWriter) {
        if writer.len() >= CHUNK {
            self.write(writer.take());
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let mut queue = lock(&self.0);
        queue.ended = true;
        queue.wake();
    }
}

impl Queue {
    fn write_to_file(&mut self, part: &[u8]) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(Arc::new(tempfile::tempfile()?))),
        };
        file.write_all_at(part, self.written)?;
        self.parts.push_back(Part::File { from: self.written, length: part.len() });
        self.written += part.len() as u64;
        Ok(())
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Body {
    /// Everything at once, for tests and small bodies.
    ///
    /// # Errors
    ///
    /// Where the temporary file fails.
    pub async fn collect(mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(part) = std::future::poll_fn(|context| Pin::new(&mut self).poll_next(context)).await {
            all.extend_from_slice(&part?);
        }
        Ok(all)
    }
}

impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut queue = lock(&self.0);
        match queue.parts.pop_front() {
            Some(Part::Memory(part)) => {
                queue.memory -= part.len();
                Poll::Ready(Some(Ok(part)))
            }
            Some(Part::File { from, length }) => {
                let Some(file) = queue.file.clone() else {
                    return Poll::Ready(Some(Err(io::Error::other("a part without its file"))));
                };
                drop(queue);
                // What was just written is in the page cache.
                let mut part = vec![0; length];
                Poll::Ready(Some(file.read_exact_at(&mut part, from).map(|()| part.into())))
            }
            None => match queue.failed.take() {
                Some(error) => Poll::Ready(Some(Err(error))),
                None if queue.ended => Poll::Ready(None),
                None => {
                    queue.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            },
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut queue = lock(&self.0);
        queue.abandoned = true;
        queue.parts.clear();
        queue.file = None;
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn a_device_that_reads_late_gets_every_byte_in_order() {
        let (spool, body) = Spool::new();
        let mut expected = Vec::new();
        for number in 0..200_u32 {
            let part: Vec<u8> = number.to_be_bytes().repeat(20_000);
            expected.extend_from_slice(&part);
            spool.write(part);
        }
        assert!(lock(&spool.0).memory <= MEMORY, "the rest is in a file");
        drop(spool);
        assert!(runtime().block_on(body.collect()).unwrap() == expected);
    }

    #[test]
    fn one_that_goes_leaves_nothing_behind() {
        let (spool, body) = Spool::new();
        spool.write(vec![1; 2 * MEMORY]);
        assert!(!spool.is_abandoned());
        drop(body);
        spool.write(vec![2; 10]);
        assert!(spool.is_abandoned() && lock(&spool.0).parts.is_empty() && lock(&spool.0).file.is_none());
    }
}
