//! How many requests are too many: a bucket of tokens for each user or address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    per_second: f64,
    burst: u32,
}

impl Rate {
    /// On the average so many in a second, and so many at once. None for a rate that lets nothing through.
    pub fn new(per_second: f64, burst: u32) -> Option<Self> {
        (per_second.is_finite() && per_second > 0.0 && burst > 0).then_some(Self { per_second, burst })
    }
}

/// Above so many, those that have rested long enough are forgotten.
const MANY: usize = 10_000;

/// Counts the requests of many.
#[derive(Debug)]
pub(super) struct Limiter {
    rate: Rate,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    of: HashMap<String, Bucket>,
    /// The number of buckets that is looked at again.
    many: usize,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(Buckets { of: HashMap::new(), many: MANY }) }
    }

    /// Counts a request; where there are too many, after which time another one may come.
    pub(super) fn take(&self, whose: &str, now: Instant) -> Result<(), Duration> {
        let Rate { per_second, burst } = self.rate;
        let most = f64::from(burst);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.of.len() >= buckets.many {
            // One that is full again is as one that was never seen.
            let full = |bucket: &Bucket| bucket.after(now, per_second) >= most;
            buckets.of.retain(|_, bucket| !full(bucket));
            buckets.many = MANY.max(buckets.of.len() * 2);
        }
        if !buckets.of.contains_key(whose) {
            buckets.of.insert(whose.to_owned(), Bucket { tokens: most, at: now });
        }
        let Some(bucket) = buckets.of.get_mut(whose) else { return Ok(()) };
        bucket.tokens = bucket.after(now, per_second).min(most);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((1.0 - bucket.tokens) / per_second).unwrap_or(Duration::MAX))
    }
}

impl Bucket {
    fn after(&self, now: Instant, per_second: f64) -> f64 {
        self.tokens + now.saturating_duration_since(self.at).as_secs_f64() * per_second
    }
}

/// Whose requests count together: who has one IPv6 address has a network of them.
pub(super) fn whose(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        address => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_and_then_one_at_a_time() {
        let limiter = Limiter::new(Rate::new(2.0, 3).unwrap());
        let start = Instant::now();
        for _ in 0..3 {
            limiter.take("ada", start).unwrap();
        }
        assert_eq!(limiter.take("ada", start), Err(Duration::from_millis(500)));
        limiter.take("bob", start).unwrap();
        let later = start + Duration::from_millis(500);
        limiter.take("ada", later).unwrap();
        limiter.take("ada", later).unwrap_err();
    }

    #[test]
    fn who_rests_is_forgotten() {
        let limiter = Limiter::new(Rate::new(10.0, 1).unwrap());
        let start = Instant::now();
        for number in 0..MANY {
            limiter.take(&number.to_string(), start).unwrap();
        }
        limiter.take("one more", start + Duration::from_secs(1)).unwrap();
        assert_eq!(limiter.buckets.lock().unwrap().of.len(), 1);
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        assert_eq!(whose("2001:db8::1".parse().unwrap()), whose("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(whose("2001:db8::1".parse().unwrap()), whose("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(whose("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1");
        assert_eq!(Rate::new(0.0, 1), None);
        assert_eq!(Rate::new(f64::NAN, 1), None);
    }
}
