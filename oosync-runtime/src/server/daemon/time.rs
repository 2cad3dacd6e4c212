//! Times as they are written in the config: `500ms`, `30s`, `10m`, `12h`, `30d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A time from the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) Duration);

fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit.trim() {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("{text:?} is no time: write 500ms, 30s, 10m, 12h or 30d"));
        match parse(&text) {
            Some(Duration::ZERO) => Err(de::Error::custom("a time is more than nothing")),
            Some(time) => Ok(Self(time)),
            None => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("30d"), Some(Duration::from_secs(2_592_000)));
        for text in ["", "5", "s", "-1s", "1.5s", "5 weeks", "99999999999999999999s", "999999999999999999d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
