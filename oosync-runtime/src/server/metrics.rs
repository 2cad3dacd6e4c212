//! What a server counts, and how Prometheus reads it.
//!
//! A few families with few labels, so that the text is written here: the crates for it bring registries, derives and
//! locks for more than this. Source: Prometheus, "Exposition formats".

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::protocol::{PushReply, Status};

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper ends of the buckets of latencies, in seconds.
const LATENCIES: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Everything that is counted since the server began.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) rows: Rows,
    requests: Mutex<BTreeMap<(&'static str, u16), Latency>>,
    bytes: Mutex<BTreeMap<&'static str, (u64, u64)>>,
    mutations: Mutex<BTreeMap<(String, String), u64>>,
    database: Mutex<Option<Database>>,
}

/// Rows that were sent.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pulled: AtomicU64,
    deleted: AtomicU64,
    copied: AtomicU64,
}

impl Rows {
    /// By a pull.
    pub(super) fn pulled(&self, rows: u64, deletes: u64) {
        self.pulled.fetch_add(rows, Ordering::Relaxed);
        self.deleted.fetch_add(deletes, Ordering::Relaxed);
    }

    /// By a snapshot.
    pub(super) fn copied(&self, rows: u64) {
        self.copied.fetch_add(rows, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Latency {
    buckets: [u64; LATENCIES.len()],
    count: u64,
    seconds: f64,
}

/// What is asked of Postgres every now and then.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Database {
    pub(super) log_bytes: i64,
    pub(super) log_rows: f64,
    pub(super) log_age: f64,
    pub(super) oldest_transaction: f64,
}

/// What is known at the moment of asking.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gauges {
    pub(super) waiters: usize,
    pub(super) pool_size: usize,
    pub(super) pool_idle: usize,
    pub(super) pool_most: usize,
    pub(super) pool_waiting: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// A request was answered; `took` is the time to the head of the answer.
    pub(super) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let mut requests = lock(&self.requests);
        let latency = requests.entry((route, status)).or_default();
        let seconds = took.as_secs_f64();
        latency.count += 1;
        latency.seconds += seconds;
        for (count, most) in latency.buckets.iter_mut().zip(LATENCIES) {
            *count += u64::from(seconds <= most);
        }
    }

    /// Bytes of bodies, as they were on the wire.
    pub(super) fn bytes(&self, route: &'static str, received: u64, sent: u64) {
        let mut bytes = lock(&self.bytes);
        let of = bytes.entry(route).or_default();
        of.0 += received;
        of.1 += sent;
    }

    /// What became of the mutations of a push.
    pub(super) fn pushed(&self, reply: &PushReply) {
        let mut mutations = lock(&self.mutations);
        for result in &reply.results {
            // Words of ours, of which there are few.
            let reason = result.reason.as_ref().map_or("", |reason| reason.as_str());
            let reason = if result.status == Status::Applied { "" } else { reason };
            *mutations.entry((result.status.to_string(), reason.to_owned())).or_default() += 1;
        }
    }

    /// What Postgres said of the log.
    pub(super) fn asked(&self, database: Database) {
        *lock(&self.database) = Some(database);
    }

    /// All of it as text.
    pub(super) fn text(&self, gauges: Gauges) -> String {
        let mut text = Text::default();
        text.family(
            "oosync_request_seconds",
            "histogram",
            "Time to the head of an answer, by route and status.",
        );
        for ((route, status), latency) in lock(&self.requests).iter() {
            let labels = format!("route=\"{route}\",status=\"{status}\"");
            for (most, count) in LATENCIES.iter().zip(latency.buckets) {
                text.value("_bucket", &format!("{labels},le=\"{most}\""), count as f64);
            }
            text.value("_bucket", &format!("{labels},le=\"+Inf\""), latency.count as f64);
            text.value("_sum", &labels, latency.seconds);
            text.value("_count", &labels, latency.count as f64);
        }
        let bytes = lock(&self.bytes).clone();
        text.family("oosync_received_bytes_total", "counter", "Bodies of requests as they came.");
        for (route, (received, _)) in &bytes {
            text.value("", &format!("route=\"{route}\""), *received as f64);
        }
        text.family("oosync_sent_bytes_total", "counter", "Bodies of answers as they were sent.");
        for (route, (_, sent)) in &bytes {
            text.value("", &format!("route=\"{route}\""), *sent as f64);
        }
        text.family("oosync_rows_total", "counter", "Rows and keys of deleted rows that were sent.");
        let rows = &self.rows;
        for (kind, count) in [("pulled", &rows.pulled), ("deleted", &rows.deleted), ("copied", &rows.copied)]
        {
            text.value("", &format!("kind=\"{kind}\""), count.load(Ordering::Relaxed) as f64);
        }
        text.family(
            "oosync_mutations_total",
            "counter",
            "Mutations that were pushed, by what became of them.",
        );
        for ((status, reason), count) in lock(&self.mutations).iter() {
            text.value("", &format!("status=\"{status}\",reason=\"{reason}\""), *count as f64);
        }
        let now = [
            ("oosync_waiting_pulls", "Pulls that wait for a change.", gauges.waiters),
            ("oosync_pool_connections", "Connections to Postgres that are open.", gauges.pool_size),
            ("oosync_pool_idle_connections", "Those of them that nobody uses.", gauges.pool_idle),
            ("oosync_pool_max_connections", "How many there may be.", gauges.pool_most),
            ("oosync_pool_waiting_requests", "Requests that wait for a connection.", gauges.pool_waiting),
        ];
        for (name, help, value) in now {
            text.gauge(name, help, value as f64);
        }
        if let Some(of) = lock(&self.database).clone() {
            text.gauge("oosync_log_bytes", "The log of changes with its indexes.", of.log_bytes as f64);
            text.gauge("oosync_log_rows", "Entries of the log, as Postgres estimates them.", of.log_rows);
            text.gauge("oosync_log_age_seconds", "How far back the log reaches.", of.log_age);
            text.gauge(
                "oosync_oldest_transaction_seconds",
                "For how long the oldest open transaction has kept the log from being shortened.",
                of.oldest_transaction,
            );
        }
        text.text
    }
}

#[derive(Default)]
struct Text {
    text: String,
    name: &'static str,
}

impl Text {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        self.name = name;
    }

    fn value(&mut self, suffix: &str, labels: &str, value: f64) {
        let _ = writeln!(self.text, "{}{suffix}{{{labels}}} {value}", self.name);
    }

    fn gauge(&mut self, name: &'static str, help: &str, value: f64) {
        self.family(name, "gauge", help);
        let _ = writeln!(self.text, "{name} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{MutationResult, ReasonCode};

    #[test]
    fn what_is_counted_is_read_by_prometheus() {
        let metrics = Metrics::default();
        metrics.answered("pull", 200, Duration::from_millis(3));
        metrics.answered("pull", 200, Duration::from_secs(60));
        metrics.bytes("pull", 10, 20);
        metrics.rows.pulled(5, 1);
        let rejected =
            MutationResult::rejected(2, Status::RejectedTerminal, ReasonCode::UniqueViolation, "taken");
        metrics.pushed(&PushReply { results: vec![MutationResult::applied(1), rejected], lease: Vec::new() });
        let text = metrics.text(Gauges { waiters: 7, ..Gauges::default() });
        for line in [
            "oosync_request_seconds_bucket{route=\"pull\",status=\"200\",le=\"0.0025\"} 0",
            "oosync_request_seconds_bucket{route=\"pull\",status=\"200\",le=\"0.005\"} 1",
            "oosync_request_seconds_bucket{route=\"pull\",status=\"200\",le=\"+Inf\"} 2",
            "oosync_request_seconds_count{route=\"pull\",status=\"200\"} 2",
            "oosync_sent_bytes_total{route=\"pull\"} 20",
            "oosync_rows_total{kind=\"deleted\"} 1",
            "oosync_mutations_total{status=\"rejected_terminal\",reason=\"unique_violation\"} 1",
            "oosync_waiting_pulls 7",
        ] {
            assert!(text.lines().any(|of| of == line), "{line} is missing in\n{text}");
        }
    }
}
