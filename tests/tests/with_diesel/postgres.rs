//! Diesel's Postgres form, without libpq: bytes against those of a server, and queries that type-check.

use std::fmt::Debug;
use std::num::NonZeroU32;

use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgValue, TypeOidLookup};
use diesel::prelude::*;
use diesel::serialize::ToSql;
use oosync_runtime::diesel::{Exact, PgBinary, StoredAs, val};
use oosync_runtime::types::{
    Array, Date, Interval, Json, Money, Numeric, Time, TimeTz, Timestamp, Timestamptz, Uuid,
};
use oosync_runtime::{Field, sql};
use oosync_tests::TestDatabase;
use postgres::types::{FromSql as Bytes, Type};

use crate::schema::diesel_postgres::readings;
use crate::schema::{Mood, Readings, ReadingsInsert};

/// Whatever the type: the bytes as they come.
struct Raw(Vec<u8>);

impl<'a> Bytes<'a> for Raw {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(bytes.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

struct NoOid;

impl TypeOidLookup for NoOid {
    fn lookup(&self) -> NonZeroU32 {
        NonZeroU32::MIN
    }
}

#[test]
fn bytes_are_those_of_the_server() {
    let database = TestDatabase::with_schema("create type mood as enum ('happy', 'not so happy')");
    let mut client = database.client();
    let mut bytes = |expression: &str| {
        let row = client.query_one(&format!("select {expression}"), &[]).unwrap();
        row.get::<_, Raw>(0).0
    };

    /// Diesel reads the value from the bytes, and writes the bytes from the value.
    fn same<ST, T>(bytes: &[u8], expected: T, expression: &str)
    where
        ST: StoredAs<Marker: PgBinary>,
        T: Field<ST::Marker> + Debug + PartialEq,
        Pg: diesel::sql_types::HasSqlType<ST>,
        Exact<T>: FromSql<ST, Pg> + ToSql<ST, Pg>,
    {
        let read = <Exact<T> as FromSql<ST, Pg>>::from_sql(PgValue::new(bytes, &NoOid)).unwrap();
        assert_eq!(read.0, expected, "{expression}");
        let own = <ST::Marker as PgBinary>::Own::decode(read.0.encode().unwrap()).unwrap();
        let mut written = Vec::new();
        <ST::Marker as PgBinary>::to_binary(&own, &mut written).unwrap();
        assert_eq!(written, bytes, "{expression}");
    }
    macro_rules! same {
        ($($ty:ty as $marker:ty, $expression:literal $value:expr;)+) => {
            $(same::<$marker, $ty>(&bytes($expression), $value, $expression);)+
        };
    }
    use diesel::sql_types as own;
    same! {
        bool as own::Bool, "true" true;
        i16 as own::SmallInt, "(-32768)::int2" i16::MIN;
        i32 as own::SmallInt, "7::int2" 7;
        i32 as own::Integer, "(-2147483648)::int4" i32::MIN;
        i64 as own::BigInt, "9223372036854775807::int8" i64::MAX;
        u32 as own::Oid, "4294967295::oid" u32::MAX;
        f32 as own::Float, "0.1::float4" 0.1;
        f64 as own::Double, "'-0'::float8" -0.0;
        f64 as own::Double, "'-Infinity'::float8" f64::NEG_INFINITY;
        String as own::Text, "'é'::text" "é".to_owned();
        Vec<u8> as own::Binary, "'\\x00ff'::bytea" vec![0, 255];
        Uuid as own::Uuid, "'018f0000-0000-7000-8000-000000000001'::uuid" Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001);
        Uuid as sql::UuidText, "'018f0000-0000-7000-8000-000000000001'::uuid" Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001);
        Numeric as sql::Numeric, "-1234567890.012300::numeric" "-1234567890.012300".parse().unwrap();
        Numeric as sql::Numeric, "'NaN'::numeric" Numeric::nan();
        Timestamptz as sql::Timestamptz, "'infinity'::timestamptz" Timestamptz::INFINITY;
        Timestamptz as sql::Timestamptz, "'4713-01-01 00:00+00 BC'::timestamptz" "4713-01-01 00:00:00+00 BC".parse().unwrap();
        Timestamp as sql::Timestamp, "'2024-02-29 12:34:56.789'::timestamp" "2024-02-29 12:34:56.789".parse().unwrap();
        Date as sql::Date, "'-infinity'::date" Date::NEG_INFINITY;
        Time as sql::Time, "'24:00'::time" "24:00:00".parse().unwrap();
        TimeTz as sql::TimeTz, "'12:00-05:30'::timetz" "12:00:00-05:30".parse().unwrap();
        Interval as sql::Interval, "'1 mon -2 days 3 us'::interval" Interval { months: 1, days: -2, microseconds: 3 };
        Json as sql::Json, "' {\"a\": 1.0}'::json" " {\"a\": 1.0}".parse().unwrap();
        Json as sql::Jsonb, "'{\"a\":1.0}'::jsonb" "{\"a\": 1.0}".parse().unwrap();
        Money as sql::Money, "12.34::money" Money::from_hundredths(1234);
        Mood as sql::Enum, "'not so happy'::mood" Mood::NotSoHappy;
        Array<String> as sql::Array<sql::Text>, "array['a', null, '{']" vec![Some("a".to_owned()), None, Some("{".to_owned())].into();
        Array<i32> as sql::Array<sql::Int4>, "'{}'::int4[]" Array::default();
        Array<i32> as sql::Array<sql::Int4>, "'[0:1][2:3]={{1,2},{3,null}}'::int4[]" two_dimensions();
        Vec<Numeric> as sql::Array<sql::Numeric>, "array[1.10, 2]::numeric[]" vec!["1.10".parse().unwrap(), "2".parse().unwrap()];
    }
    let nan = bytes("'NaN'::float8");
    let read = <Exact<f64> as FromSql<own::Double, Pg>>::from_sql(PgValue::new(&nan, &NoOid)).unwrap();
    assert!(read.0.is_nan());
}

fn two_dimensions() -> Array<i32> {
    use oosync_runtime::types::Dimension;
    let dimensions = vec![Dimension { length: 2, lower: 0 }, Dimension { length: 2, lower: 2 }];
    Array::new(vec![Some(1), Some(2), Some(3), None], dimensions).unwrap()
}

#[test]
fn oids_are_those_of_the_server() {
    let database = TestDatabase::empty();
    let mut client = database.client();
    macro_rules! oids {
        ($($marker:ident $name:literal)+) => {$(
            let row = client
                .query_one("select oid, typarray from pg_type where oid = $1::text::regtype", &[&$name])
                .unwrap();
            let known = (<sql::$marker as PgBinary>::OID, <sql::$marker as PgBinary>::ARRAY_OID);
            assert_eq!(known, (row.get::<_, u32>(0), row.get::<_, u32>(1)), $name);
        )+};
    }
    oids! {
        Bool "boolean" Int2 "smallint" Int4 "integer" Int8 "bigint" Oid "oid" Float4 "real"
        Float8 "double precision" Numeric "numeric" Timestamptz "timestamptz" Timestamp "timestamp" Date "date"
        Time "time" TimeTz "timetz" Interval "interval" Uuid "uuid" UuidText "uuid" Bytea "bytea" Json "json"
        Jsonb "jsonb" Text "text" Money "money"
    }
}

#[test]
fn bytes_that_are_no_value_are_refused() {
    fn refused<ST, T>(bytes: &[u8])
    where
        Exact<T>: FromSql<ST, Pg>,
    {
        assert!(<Exact<T> as FromSql<ST, Pg>>::from_sql(PgValue::new(bytes, &NoOid)).is_err(), "{bytes:?}");
    }
    refused::<sql::Jsonb, Json>(b"\x02{}");
    refused::<diesel::sql_types::Bool, bool>(&[2]);
    refused::<diesel::sql_types::SmallInt, i16>(&[0; 4]);
    refused::<sql::Array<sql::Int4>, Array<i32>>(&[0, 0, 0, 1]);
    // A dimension of more elements than there are.
    let mut bytes = Vec::new();
    for number in [1, 0, 23, i32::MAX, 1_i32] {
        bytes.extend(number.to_be_bytes());
    }
    refused::<sql::Array<sql::Int4>, Array<i32>>(&bytes);
}

#[test]
fn queries_are_written_for_postgres() {
    let query = readings::table.filter(readings::number.eq(3).and(readings::mood.eq(Mood::Happy))).filter(
        readings::amount.eq("1.10".parse::<Numeric>().unwrap()).or(readings::ids.eq(val(vec![Uuid::nil()]))),
    );
    let text = diesel::debug_query::<Pg, _>(&query).to_string();
    assert!(text.contains(r#"("public"."readings"."number" = $1)"#), "{text}");

    let insert = ReadingsInsert::new(1);
    let text =
        diesel::debug_query::<Pg, _>(&diesel::insert_into(readings::table).values(&insert)).to_string();
    assert!(text.starts_with(r#"INSERT INTO "public"."readings" ("id", "todo_id", "flag""#), "{text}");

    // A row is read by position from either database.
    fn readable<ST, T: diesel::deserialize::FromSqlRow<ST, Pg>>() {}
    readable::<readings::SqlType, Readings>();
}
