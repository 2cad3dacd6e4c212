//! The date and time types against Postgres itself: thousands of values, compared in text, binary form, JSON and
//! order.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::error::Error;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use oosync_runtime::types::{Date, Interval, Time, TimeTz, Timestamp, Timestamptz};
use oosync_runtime::{Element, ValueError, sql};
use oosync_tests::TestDatabase;
use postgres::Client;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

const SETTINGS: &str = "set DateStyle = 'ISO, MDY'; set TimeZone = 'UTC'; set IntervalStyle = 'iso_8601'";

const DAY: i64 = 86_400_000_000;

/// What every type of these tests has.
trait Sample: 'static + Copy + Debug + Display + Ord + FromStr<Err = ValueError> + Element<Self::Sql> {
    type Sql;
    /// The type in Postgres, as its functions are named.
    const NAME: &str;
    fn strategy() -> BoxedStrategy<Self>;
    fn to_binary(self) -> Vec<u8>;
    fn from_binary(bytes: &[u8]) -> Result<Self, ValueError>;
}

macro_rules! sample {
    ($type:ident, $name:literal, $strategy:expr) => {
        impl Sample for $type {
            type Sql = sql::$type;
            const NAME: &str = $name;

            fn strategy() -> BoxedStrategy<Self> {
                $strategy.boxed()
            }

            fn to_binary(self) -> Vec<u8> {
                self.to_pg_binary().to_vec()
            }

            fn from_binary(bytes: &[u8]) -> Result<Self, ValueError> {
                Self::from_pg_binary(bytes)
            }
        }
    };
}

sample!(
    Timestamptz,
    "timestamptz",
    prop_oneof![
        4 => Timestamptz::MIN.pg_microseconds()..=Timestamptz::MAX.pg_microseconds(),
        4 => -100 * 366 * DAY..100 * 366 * DAY,
        2 => (-700_000..700_000_i64).prop_map(|days| days * DAY),
        2 => (-50_000_000_000..50_000_000_000_i64).prop_map(|second| second * 1_000_000),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX]),
        1 => (0..5_i64).prop_map(|n| Timestamptz::MIN.pg_microseconds() + n),
        1 => (0..5_i64).prop_map(|n| Timestamptz::MAX.pg_microseconds() - n),
        // Around the first year: the end of one era and the beginning of the other.
        1 => (-10..10_i64).prop_map(|n| -730_119 * DAY + n),
    ]
    .prop_map(|count| Timestamptz::from_pg_microseconds(count).unwrap())
);
sample!(Timestamp, "timestamp", Timestamptz::strategy().prop_map(Timestamptz::utc));
sample!(
    Date,
    "date",
    prop_oneof![
        4 => Date::MIN.pg_days()..=Date::MAX.pg_days(),
        4 => -1_000_000..1_000_000,
        1 => -730_125..-730_110,
        1 => prop::sample::select(vec![i32::MIN, i32::MAX, Date::MIN.pg_days(), Date::MAX.pg_days()]),
    ]
    .prop_map(|days| Date::from_pg_days(days).unwrap())
);
sample!(
    Time,
    "time",
    prop_oneof![
        6 => 0..=DAY,
        2 => (0..86_400_i64).prop_map(|second| second * 1_000_000),
        1 => prop::sample::select(vec![0, DAY]),
    ]
    .prop_map(|microseconds| Time::from_microseconds(microseconds).unwrap())
);
sample!(
    TimeTz,
    "timetz",
    (Time::strategy(), prop_oneof![-57_599..=57_599, (-63..=63).prop_map(|quarter| quarter * 900)])
        .prop_map(|(time, offset)| TimeTz::new(time, offset).unwrap())
);
sample!(Interval, "interval", {
    let part = || prop_oneof![2 => any::<i32>(), 2 => -40..40, 2 => Just(0), 1 => Just(i32::MAX), 1 => Just(i32::MIN)];
    let microseconds = prop_oneof![
        4 => any::<i64>(),
        2 => -100_000_000_000..100_000_000_000_i64,
        2 => (-1_000_000..1_000_000_i64).prop_map(|second| second * 1_000_000),
        1 => prop::sample::select(vec![0, i64::MIN, i64::MAX]),
    ];
    (part(), part(), microseconds)
        .prop_map(|(months, days, microseconds)| Interval { months, days, microseconds })
        .prop_filter("older servers have no infinity", |interval| interval.is_finite())
});

/// Bytes that are sent as a value of whatever type the statement has there.
#[derive(Debug)]
struct Binary(Vec<u8>);

impl ToSql for Binary {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The same values in every run.
fn generated<T: Debug>(strategy: &BoxedStrategy<T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn version(client: &mut Client) -> i32 {
    client.query_one("select current_setting('server_version_num')::int4", &[]).unwrap().get(0)
}

fn client(database: &TestDatabase) -> Client {
    let mut client = database.client();
    client.batch_execute(SETTINGS).unwrap();
    client
}

/// Postgres's text is read as the value, ours is read by Postgres as the value, and the bytes are the same.
fn agrees_with_postgres<T: Sample>(client: &mut Client, values: &[T]) {
    let binary: Vec<Binary> = values.iter().map(|value| Binary(value.to_binary())).collect();
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    let name = T::NAME;
    let query = format!(
        "select v::text, {name}_send(v), to_json(v)::text, t::{name} is not distinct from v, {name}_send(t::{name})
         from unnest($1::{name}[], $2::text[]) as u(v, t)"
    );
    let rows = client.query(&query, &[&binary, &texts]).unwrap();
    assert_eq!(rows.len(), values.len());
    for (row, value) in rows.iter().zip(values) {
        let (text, bytes, json): (String, Vec<u8>, String) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(text.parse().as_ref(), Ok(value), "{text}");
        assert_eq!(T::read_json(&json).as_ref(), Ok(value), "{json}");
        assert_eq!(T::from_binary(&bytes).as_ref(), Ok(value), "{text}");
        assert_eq!(bytes, value.to_binary(), "{text}");
        assert!(row.get::<_, bool>(3), "Postgres reads `{value}` as another value than {text}");
        // Which tells what `is not distinct from` does not: one month from thirty days.
        assert_eq!(row.get::<_, Vec<u8>>(4), bytes, "{value} and {text}");
    }
}

/// Sorted as Postgres sorts, where it sees a difference.
fn sorts_as_postgres<T: Sample>(client: &mut Client, values: &[T]) {
    let binary: Vec<Binary> = values.iter().map(|value| Binary(value.to_binary())).collect();
    let query = format!(
        "select {0}_cmp(a, b) from (select v, lead(v) over (order by n) from unnest($1::{0}[]) with ordinality as u(v, n))
         as pairs(a, b) where b is not null",
        T::NAME
    );
    let rows = client.query(&query, &[&binary]).unwrap();
    assert_eq!(rows.len() + 1, values.len());
    for (row, pair) in rows.iter().zip(values.windows(2)) {
        let (theirs, ours) = (row.get::<_, i32>(0), pair[0].cmp(&pair[1]));
        assert!(theirs == 0 || theirs.cmp(&0) == ours, "{pair:?}: {theirs}");
        if T::NAME != "interval" {
            assert_eq!(theirs.cmp(&0), ours, "{pair:?}");
        }
    }
}

fn is_the_type_of_postgres<T: Sample>() {
    let database = TestDatabase::empty();
    let mut client = client(&database);
    let values = generated(&T::strategy(), 6_000);
    agrees_with_postgres(&mut client, &values);
    sorts_as_postgres(&mut client, &values);
    // Neighbours, where a wrong order would hide among distant values.
    let mut sorted = values;
    sorted.sort();
    sorts_as_postgres(&mut client, &sorted);
}

#[test]
fn a_timestamptz_is_the_one_of_postgres() {
    is_the_type_of_postgres::<Timestamptz>();
}

#[test]
fn a_timestamp_is_the_one_of_postgres() {
    is_the_type_of_postgres::<Timestamp>();
}

#[test]
fn a_date_is_the_one_of_postgres() {
    is_the_type_of_postgres::<Date>();
}

#[test]
fn a_time_is_the_one_of_postgres() {
    is_the_type_of_postgres::<Time>();
}

#[test]
fn a_timetz_is_the_one_of_postgres() {
    is_the_type_of_postgres::<TimeTz>();
}

#[test]
fn an_interval_is_the_one_of_postgres() {
    let database = TestDatabase::empty();
    let mut client = client(&database);
    let version = version(&mut client);
    let mut values = generated(&Interval::strategy(), 6_000);
    if version < 150_000 {
        // They neither print nor read more hours than an int4 can count.
        values.retain(|value| (value.microseconds / 3_600_000_000).abs() < i32::MAX.into());
    }
    if version >= 170_000 {
        values.extend([Interval::INFINITY, Interval::NEG_INFINITY]);
    }
    agrees_with_postgres(&mut client, &values);
    sorts_as_postgres(&mut client, &values);
    values.sort();
    sorts_as_postgres(&mut client, &values);
}

/// Offsets with seconds are those of local time before there were zones.
#[test]
fn a_timestamptz_is_read_in_any_zone() {
    let database = TestDatabase::empty();
    let mut client = client(&database);
    let values = generated(&Timestamptz::strategy(), 1_500);
    for zone in
        ["Asia/Kolkata", "America/New_York", "Europe/Amsterdam", "Pacific/Kiritimati", "America/Juneau"]
    {
        client.batch_execute(&format!("set TimeZone = '{zone}'")).unwrap();
        agrees_with_postgres(&mut client, &values);
    }
}

/// Whatever text one of our types accepts, Postgres accepts and reads as the same value.
#[test]
fn no_text_means_another_value_to_postgres() {
    let database = TestDatabase::with_schema(
        "create function bytes_of(text, text) returns bytea language plpgsql as $$
         declare bytes bytea;
         begin
             execute format('select %1$s_send($1::%1$s)', $2) into bytes using $1;
             return bytes;
         exception when data_exception then
             return null;
         end $$",
    );
    let mut client = client(&database);
    accepts_what_postgres_does::<Timestamptz>(&mut client);
    accepts_what_postgres_does::<Timestamp>(&mut client);
    accepts_what_postgres_does::<Date>(&mut client);
    accepts_what_postgres_does::<Time>(&mut client);
    accepts_what_postgres_does::<TimeTz>(&mut client);
    accepts_what_postgres_does::<Interval>(&mut client);
}

fn accepts_what_postgres_does<T: Sample>(client: &mut Client) {
    let shapes = prop_oneof![
        "[0-9]{4,5}-[01][0-9]-[0-3][0-9]( BC)?",
        "[0-9]{4,6}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,6})?( BC)?",
        "[0-9]{4,6}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,6})?(Z|[-+][01][0-9](:[0-6][0-9](:[0-6][0-9])?)?)( BC)?",
        "[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,6})?(Z|[-+][01][0-9](:[0-6][0-9](:[0-6][0-9])?)?)?",
        "P(-?[0-9]{1,4}Y)?(-?[0-9]{1,5}M)?(-?[0-9]{1,5}W)?(-?[0-9]{1,10}D)?(T(-?[0-9]{1,9}H)?(-?[0-9]{1,10}M)?(-?[0-9]{1,10}(\\.[0-9]{1,6})?S)?)?",
    ];
    // A valid text with one character changed, left out, or written twice.
    let mutated = (T::strategy(), any::<prop::sample::Index>(), "[-+0-9:. TZPYMDHS]", 0..3).prop_map(
        |(value, place, other, change)| {
            let mut text = value.to_string();
            let at = place.index(text.len());
            match change {
                0 => text.replace_range(at..=at, &other),
                1 => text.replace_range(at..=at, ""),
                _ => text.insert_str(at, &other),
            }
            text
        },
    );
    let texts = generated(&prop_oneof![shapes, mutated].boxed(), 3_000);
    let version = version(client);
    let read: Vec<(String, T)> = texts
        .into_iter()
        .filter(|text| !postgres_rounds(text) && (version >= 150_000 || longest_number(text) < 10))
        .filter_map(|text| text.parse().ok().map(|value| (text, value)))
        .collect();
    assert!(read.len() > 150, "only {} of the texts mean something", read.len());
    let accepted: Vec<&str> = read.iter().map(|(text, _)| text.as_str()).collect();
    let query = "select bytes_of(t, $2) from unnest($1::text[]) with ordinality as u(t, n) order by n";
    let rows = client.query(query, &[&accepted, &T::NAME]).unwrap();
    for (row, (text, value)) in rows.iter().zip(&read) {
        let theirs: Option<Vec<u8>> = row.get(0);
        assert_eq!(theirs, Some(value.to_binary()), "{} `{text}` is {value} to us", T::NAME);
    }
}

/// Whether Postgres reads the number before the letter as a floating point number that has no place for its digits.
fn postgres_rounds(text: &str) -> bool {
    let Some((before, _)) = text.split_once('.') else { return false };
    before.bytes().rev().take_while(u8::is_ascii_digit).count() > 8
}

/// In digits. Postgres 14 and older refuse a number in an interval that is no int4.
fn longest_number(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}
