//! When the next cycle is due.

use std::time::{Duration, Instant};

use super::StartOptions;

/// How long another process that syncs the file is left alone before it is asked again.
const HELD: Duration = Duration::from_secs(5);

/// The longest that a server's wish to be left alone is heeded.
const LONGEST_WISH: Duration = Duration::from_secs(3_600);

/// When the next cycle is due.
#[derive(Debug)]
pub(super) struct Pace {
    options: StartOptions,
    /// The next look for changes of others.
    next: Instant,
    /// The first and the last change here that was not sent.
    changed: Option<(Instant, Instant)>,
    dirty: u64,
    failures: u32,
    /// Not before.
    blocked: Option<Instant>,
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Well.
    Well,
    /// It is to be tried again, not before the server wishes.
    Again(Option<Duration>),
    /// Another process syncs.
    Held,
}

impl Pace {
    pub(super) fn new(options: StartOptions, now: Instant) -> Self {
        Self { options, next: now, changed: None, dirty: 0, failures: 0, blocked: None }
    }

    /// Something was written here; so many rows are dirty.
    pub(super) fn changed(&mut self, now: Instant, dirty: u64) {
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
        self.dirty = dirty;
    }

    /// A cycle is wanted now, whatever came before.
    pub(super) fn kick(&mut self, now: Instant) {
        self.failures = 0;
        self.blocked = None;
        self.next = now;
    }

    /// A cycle ended. `jitter` is from 0 to 1.
    pub(super) fn ended(&mut self, now: Instant, ended: Ended, jitter: f64) {
        match ended {
            Ended::Well => {
                self.failures = 0;
                self.blocked = None;
                self.changed = None;
                self.dirty = 0;
                self.next = now + self.options.interval;
            }
            Ended::Again(wish) => {
                self.failures = self.failures.saturating_add(1);
                let longest = self.options.last_retry;
                let doubled = 2_u32.checked_pow(self.failures - 1);
                let wait = doubled.and_then(|times| self.options.first_retry.checked_mul(times));
                let wait = wait.map_or(longest, |wait| wait.min(longest));
                // Between half of it and all of it: devices that lost the server together come back apart.
                let wait = wait.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
                let at = now + wait.max(wish.unwrap_or_default().min(LONGEST_WISH));
                (self.blocked, self.next) = (Some(at), at);
            }
            Ended::Held => {
                let at = now + HELD;
                (self.blocked, self.next) = (Some(at), at);
            }
        }
    }

    /// Whether the last cycle ended well.
    pub(super) const fn is_well(&self) -> bool {
        self.blocked.is_none()
    }

    /// When the next cycle is due.
    pub(super) fn due(&self) -> Instant {
        let mut due = self.next;
        if let Some((first, last)) = self.changed {
            let quiet = (last + self.options.debounce).min(first + self.options.longest);
            due = due.min(if self.dirty >= self.options.changes { first } else { quiet });
        }
        self.blocked.map_or(due, |blocked| due.max(blocked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> (Pace, Instant) {
        let now = Instant::now();
        let mut pace = Pace::new(StartOptions::default(), now);
        assert_eq!(pace.due(), now, "it begins with a cycle");
        pace.ended(now, Ended::Well, 0.0);
        assert_eq!(pace.due(), now + 60 * SECOND);
        (pace, now)
    }

    #[test]
    fn changes_are_sent_once_no_more_are_made() {
        let (mut pace, now) = pace();
        pace.changed(now + 5 * SECOND, 1);
        assert_eq!(pace.due(), now + 6 * SECOND);
        pace.changed(now + 5 * SECOND + SECOND / 2, 2);
        assert_eq!(pace.due(), now + 6 * SECOND + SECOND / 2);
        pace.ended(now + 7 * SECOND, Ended::Well, 0.0);
        assert_eq!(pace.due(), now + 67 * SECOND);
    }

    #[test]
    fn ten_changes_are_sent_at_once() {
        let (mut pace, now) = pace();
        pace.changed(now + 5 * SECOND, 9);
        pace.changed(now + 5 * SECOND, 10);
        assert_eq!(pace.due(), now + 5 * SECOND);
    }

    #[test]
    fn changes_that_do_not_end_are_sent_after_the_longest_time() {
        let (mut pace, now) = pace();
        pace.options.interval = 3_600 * SECOND;
        pace.ended(now, Ended::Well, 0.0);
        for second in 0..400 {
            pace.changed(now + second * SECOND, 1);
        }
        assert_eq!(pace.due(), now + 300 * SECOND);
    }

    #[test]
    fn failures_are_waited_for_longer_and_longer_and_within_a_bound() {
        let (mut pace, now) = pace();
        let mut waits = Vec::new();
        for _ in 0..100 {
            pace.ended(now, Ended::Again(None), 1.0);
            waits.push((pace.due() - now).as_secs());
        }
        assert_eq!(waits[..7], [1, 2, 4, 8, 16, 32, 60]);
        assert_eq!(waits[99], 60);
        pace.changed(now, 10);
        assert_eq!(pace.due(), now + 60 * SECOND, "a change is no reason to ask earlier");
        pace.ended(now, Ended::Again(None), 0.0);
        assert_eq!(pace.due(), now + 30 * SECOND);
        pace.ended(now, Ended::Again(Some(90 * SECOND)), 0.0);
        assert_eq!(pace.due(), now + 90 * SECOND, "the server's wish");
        pace.kick(now);
        assert_eq!(pace.due(), now);
        pace.ended(now, Ended::Again(None), 1.0);
        assert_eq!(pace.due(), now + SECOND, "a network that is there again begins anew");
    }
}
