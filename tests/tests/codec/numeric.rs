//! `numeric` against Postgres: bytes, order, sums.

use std::fmt::Write as _;

use oosync_runtime::types::{Numeric, NumericSum};
use oosync_tests::TestDatabase;

use super::copy;

const NUMBERS: &str = "
    create table numbers as
    select value, g % 40 as part from (
        select g, round((random() - 0.5)::numeric * 10::numeric ^ (g % 60 - 20), g % 30) as value
        from generate_series(1, 4000) g
    ) random;
    insert into numbers select v::numeric, 100 + g from generate_series(1, 3) g, unnest(array[
        '0', '0.00', '1.10', '1.1', '-1.1', '9999', '10000', '99999999', '0.0001', '0.00001', '1e131071', '-1e131071', '1e-16383'
    ]) v;
    insert into numbers values ('NaN', 200), ('1', 200);";

/// Postgres 13 does not have them.
const INFINITIES: &str = "
    insert into numbers values ('Infinity', 201), ('-1', 201), ('-Infinity', 202), ('2', 202), ('Infinity', 203),
        ('-Infinity', 203), ('NaN', 204), ('Infinity', 204)";

fn database() -> TestDatabase {
    let database = TestDatabase::with_schema(NUMBERS);
    let version = database.client().query_one("select current_setting('server_version_num')::int", &[]);
    if version.unwrap().get::<_, i32>(0) >= 140_000 {
        database.execute(INFINITIES);
    }
    database
}

fn numbers(database: &TestDatabase, query: &str) -> Vec<Numeric> {
    let rows = copy::rows(&mut database.client(), query, 1);
    rows.iter().map(|row| Numeric::from_pg_binary(row[0].as_deref().unwrap()).unwrap()).collect()
}

#[test]
fn bytes_are_those_of_postgres() {
    let database = database();
    for row in copy::rows(&mut database.client(), "select value, value::text from numbers", 2) {
        let value = Numeric::from_pg_binary(row[0].as_deref().unwrap()).unwrap();
        assert_eq!(Some(value.as_str().as_bytes()), row[1].as_deref());
        assert_eq!(Some(value.to_pg_binary()), row[0]);
    }
}

#[test]
fn order_is_that_of_postgres() {
    let database = database();
    let sorted = numbers(&database, "select value from numbers order by value, scale(value)");
    assert!(sorted.is_sorted());
    assert!(sorted.is_sorted_by(|left, right| left.cmp_value(right).is_le()));
}

#[test]
fn sums_are_those_of_postgres() {
    let database = database();
    let mut different = String::new();
    let parts = copy::rows(&mut database.client(), "select distinct part::text from numbers", 1);
    for part in parts {
        let part = String::from_utf8(part[0].clone().unwrap()).unwrap();
        let mut sum = NumericSum::default();
        for value in numbers(&database, &format!("select value from numbers where part = {part}")) {
            sum.add(&value);
        }
        let sum = sum.total().unwrap().unwrap();
        let expected = numbers(&database, &format!("select sum(value) from numbers where part = {part}"));
        if expected != [sum.clone()] {
            writeln!(different, "{part}: {sum} is not {}", expected[0]).unwrap();
        }
    }
    assert!(different.is_empty(), "{different}");
}
