//! Every value survives, or is refused.

use std::error::Error;

use diesel::prelude::*;
use oosync_runtime::diesel::{Exact, val};
use oosync_runtime::prelude::*;
use oosync_runtime::types::{
    Array, Date, Dimension, Interval, Json, Money, Numeric, PgText, Time, TimeTz, Timestamp, Timestamptz,
    new_v7,
};

use crate::Device;
use crate::schema::diesel_sqlite::todos;
use crate::schema::{Lists, Mood, Pair, Todos, TodosInsert};

/// A todo with a value in each column.
fn full(device: &mut Device) -> Todos {
    let list = Lists { id: new_v7(), title: "list".to_owned(), parent_id: None };
    diesel::insert_into(crate::schema::diesel_sqlite::lists::table)
        .values(&list)
        .execute(&mut device.diesel)
        .unwrap();
    let digits = format!("{}.{}", "1234567890".repeat(5), "0987654321".repeat(5));
    Todos {
        id: new_v7(),
        list_id: list.id,
        moved_from: Some(list.id),
        title: "every type 🌱".to_owned(),
        done: true,
        priority: i32::MIN,
        small: Some(i16::MAX),
        big: Some(i64::MIN),
        object: Some(u32::MAX),
        ratio: Some(0.1),
        weight: -0.0,
        amount: Some(digits.parse().unwrap()),
        at: Some(Timestamptz::INFINITY),
        local: Some(Timestamp::NEG_INFINITY),
        day: Some(Date::INFINITY),
        clock: Some("23:59:59.999999".parse().unwrap()),
        zoned: Some("23:59:59.999999+15:59:59".parse().unwrap()),
        span: Some(Interval { months: 1, days: -2, microseconds: 3 }),
        data: Some(vec![0, 255]),
        document: Some(r#" {"a":1.0, "a":2}"#.parse().unwrap()),
        binary_document: Some("[1]".parse().unwrap()),
        mood: Mood::NotSoHappy,
        moods: Some(vec![Some(Mood::Happy), None, Some(Mood::Unknown("new".to_owned()))].into()),
        tags: Some(vec![Some("{\"}".to_owned()), None].into()),
        numbers: Some(
            Array::new(
                vec![Some(1), None, Some(3), Some(4)],
                vec![Dimension { length: 2, lower: 0 }, Dimension { length: 2, lower: 1 }],
            )
            .unwrap(),
        ),
        cost: Some(Money::from_hundredths(i64::MAX)),
        address: Some("10.0.0.0/8".parse().unwrap()),
        pair: Some(Pair { a: Some(1), b: None }),
        made: None,
    }
}

#[test]
fn extremes_of_every_type_are_written_and_read() {
    let mut device = Device::new();
    let row = full(&mut device);
    diesel::insert_into(todos::table).values(&row).execute(&mut device.diesel).unwrap();
    let read: Todos = todos::table.select(Todos::as_select()).first(&mut device.diesel).unwrap();
    assert_eq!(read, row);
    assert!(read.weight.is_sign_negative(), "-0.0 keeps its sign");
    assert_eq!(Todos::all(&device.rusqlite).unwrap(), std::slice::from_ref(&row));
    let exported = Todos { id: new_v7(), ..row };
    exported.insert(&device.rusqlite).unwrap();
    let back: Todos = todos::table.find(val(exported.id)).first(&mut device.diesel).unwrap();
    assert_eq!(back, exported);
}

#[test]
fn each_kind_of_column_is_compared_and_read_alone() {
    let mut device = Device::new();
    let row = full(&mut device);
    diesel::insert_into(todos::table).values(&row).execute(&mut device.diesel).unwrap();
    let connection = &mut device.diesel;

    macro_rules! found {
        ($($filter:expr;)+) => {$(
            let count = todos::table.filter($filter).count().get_result::<i64>(connection);
            assert_eq!(count, Ok(1), "{}", stringify!($filter));
        )+};
    }
    found! {
        todos::id.eq(val(row.id));
        todos::moved_from.eq(val(row.list_id));
        todos::moved_from.eq(Some(row.list_id));
        todos::title.eq("every type 🌱");
        todos::title.eq(&row.title);
        todos::title.like("every%");
        todos::done;
        todos::done.eq(true);
        todos::priority.eq(val(i32::MIN));
        todos::priority.lt(val(i64::from(i32::MIN) + 1));
        todos::small.eq(Some(i16::MAX));
        todos::big.eq(i64::MIN);
        todos::object.eq(val(u32::MAX));
        todos::ratio.eq(val(0.1_f32));
        todos::weight.eq(val(0.0));
        todos::amount.eq(row.amount.as_ref().unwrap());
        todos::amount.eq(row.amount.clone());
        todos::at.eq(Timestamptz::INFINITY);
        todos::local.eq(Timestamp::NEG_INFINITY);
        todos::day.eq(Date::INFINITY);
        todos::clock.gt("12:00:00".parse::<Time>().unwrap());
        todos::zoned.eq(row.zoned);
        todos::span.eq(row.span);
        todos::data.eq(vec![0, 255]);
        todos::document.eq(row.document.as_ref().unwrap());
        todos::binary_document.eq(row.binary_document.as_ref().unwrap());
        todos::mood.eq(Mood::NotSoHappy);
        todos::mood.eq(&row.mood);
        todos::mood.eq_any([Mood::Happy, Mood::NotSoHappy]);
        todos::moods.eq(row.moods.as_ref().unwrap());
        todos::tags.eq(val(vec![Some("{\"}".to_owned()), None]));
        todos::numbers.eq(row.numbers.as_ref().unwrap());
        todos::cost.eq(Money::from_hundredths(i64::MAX));
        todos::address.eq(row.address.as_ref().unwrap());
        todos::pair.eq(row.pair.as_ref().unwrap());
        todos::made.is_null();
    }

    macro_rules! alone {
        ($($column:ident $ty:ty, $value:expr;)+) => {$(
            assert_eq!(todos::table.select(todos::$column).first::<$ty>(connection).unwrap(), $value);
        )+};
    }
    alone! {
        id oosync_runtime::types::Uuid, row.id;
        priority i32, i32::MIN;
        priority Exact<i64>, Exact(i64::from(i32::MIN));
        small Option<i16>, row.small;
        object Option<u32>, row.object;
        ratio Option<f32>, row.ratio;
        amount Option<Numeric>, row.amount;
        at Option<Timestamptz>, row.at;
        zoned Option<TimeTz>, row.zoned;
        document Option<Json>, row.document;
        mood Mood, row.mood;
        mood String, "not so happy";
        tags Option<Vec<Option<String>>>, Some(row.tags.clone().unwrap().into_elements());
        address Option<PgText<oosync_runtime::types::tags::Inet>>, row.address;
        pair Option<Pair>, row.pair;
    }
}

#[test]
fn nan_is_kept_and_found() {
    let mut device = Device::new();
    let row = Todos { weight: f64::NAN, ratio: Some(f32::NAN), ..full(&mut device) };
    diesel::insert_into(todos::table).values(&row).execute(&mut device.diesel).unwrap();
    let read = Todos::all(&device.rusqlite).unwrap().remove(0);
    assert!(read.weight.is_nan() && read.ratio.unwrap().is_nan());
    let weight: f64 = todos::table
        .select(todos::weight)
        .filter(todos::weight.eq(val(f64::NAN)))
        .first(&mut device.diesel)
        .unwrap();
    assert!(weight.is_nan());
    let bound = diesel::update(todos::table).set(todos::ratio.eq(Some(f32::NAN))).execute(&mut device.diesel);
    assert!(bound.unwrap_err().to_string().contains("val"), "never null instead");
}

/// The message of an error and of what led to it.
fn causes(error: &dyn Error) -> String {
    let cause = error.source().map(|cause| format!(": {}", causes(cause)));
    format!("{error}{}", cause.unwrap_or_default())
}

#[test]
fn what_does_not_fit_is_an_error_on_both_ways() {
    let mut device = Device::new();
    let row = full(&mut device);
    diesel::insert_into(todos::table).values(&row).execute(&mut device.diesel).unwrap();

    let large =
        diesel::update(todos::table).set(todos::small.eq(val(40_000_i32))).execute(&mut device.diesel);
    assert!(large.unwrap_err().to_string().contains("does not fit smallint"));
    let nul = TodosInsert::new(row.list_id, "a\0b".to_owned());
    assert!(diesel::insert_into(todos::table).values(&nul).execute(&mut device.diesel).is_err());

    for (change, expected) in [
        ("small = 40000", "does not fit smallint"),
        ("small = -32769", "does not fit smallint"),
        ("small = 32767, priority = 2147483648", "does not fit integer"),
        ("priority = 0, object = -1", "does not fit oid"),
        ("object = 0, weight = 'many'", "not a valid double precision"),
        ("weight = 1, done = 2", "not a valid boolean"),
        ("done = 1, amount = 'many'", "not a valid numeric"),
        ("amount = '1', id = x'00'", "not a valid uuid"),
    ] {
        device.rusqlite.execute_batch(&format!("update todos set {change}")).unwrap();
        let read = todos::table.select(Todos::as_select()).first::<Todos>(&mut device.diesel);
        let error = causes(&read.unwrap_err());
        assert!(error.contains(expected), "{change}: {error}");
    }
    device.rusqlite.execute_batch("update todos set small = 40000, priority = 2147483648").unwrap();
    assert!(todos::table.select(todos::small).first::<Option<i16>>(&mut device.diesel).is_err());
    assert!(todos::table.select(todos::priority).first::<i32>(&mut device.diesel).is_err());
}

#[test]
fn text_that_is_no_utf8_is_refused_and_the_replacement_character_is_not() {
    let mut device = Device::new();
    let row = Todos { title: "\u{fffd}".to_owned(), ..full(&mut device) };
    diesel::insert_into(todos::table).values(&row).execute(&mut device.diesel).unwrap();
    assert_eq!(todos::table.first(&mut device.diesel), Ok(row));
    device.rusqlite.execute_batch("update todos set title = cast(x'61ff' as text)").unwrap();
    assert!(todos::table.first::<Todos>(&mut device.diesel).is_err());
}
