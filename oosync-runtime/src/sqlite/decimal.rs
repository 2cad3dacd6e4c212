//! `numeric` in SQL: a collation, a comparison, a sum.

use std::cmp::Ordering;

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};

use super::value::kind;
use crate::types::numeric::{canonical, compare};
use crate::types::{Numeric, NumericSum};
use crate::{Field, Value, ValueError, sql};

/// The same arguments lead to the same result, and nothing else is touched: allowed in indexes and views.
const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation("decimal", collate)?;
    connection.create_scalar_function("decimal_cmp", 2, PURE, |context| {
        Ok(match (number(context, 0)?, number(context, 1)?) {
            (Some(left), Some(right)) => Some(left.cmp_value(&right) as i64),
            _ => None,
        })
    })?;
    connection.create_aggregate_function("decimal_sum", 1, PURE, Sum)
}

/// A total order of all texts: numbers by value, then everything else by bytes.
fn collate(left: &str, right: &str) -> Ordering {
    match (canonical(left), canonical(right)) {
        (Ok(left), Ok(right)) => compare(&left, &right),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

/// An argument as a number; nothing for null.
fn number(context: &Context<'_>, index: usize) -> rusqlite::Result<Option<Numeric>> {
    let number = match context.get_raw(index) {
        ValueRef::Null => return Ok(None),
        ValueRef::Integer(value) => Ok(value.into()),
        text @ ValueRef::Text(_) => {
            Value::from_rusqlite(text).and_then(<Numeric as Field<sql::Numeric>>::decode)
        }
        other => Err(ValueError::Kind { found: kind(other), expected: "numeric" }),
    };
    number.map(Some).map_err(|error| Error::UserFunctionError(Box::new(error)))
}

struct Sum;

impl Aggregate<NumericSum, Option<String>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<NumericSum> {
        Ok(NumericSum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut NumericSum) -> rusqlite::Result<()> {
        if let Some(value) = number(context, 0)? {
            sum.add(&value);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<NumericSum>) -> rusqlite::Result<Option<String>> {
        match sum.unwrap_or_default().total() {
            Ok(total) => Ok(total.map(Numeric::into_string)),
            Err(error) => Err(Error::UserFunctionError(Box::new(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection.execute_batch("create table t (x any collate decimal) strict").unwrap();
        connection
    }

    fn texts(connection: &Connection, query: &str) -> Vec<String> {
        let mut statement = connection.prepare(query).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn the_collation_is_postgress_order() {
        let connection = connection();
        let values = "('NaN'), ('10'), ('9'), ('-Infinity'), ('x'), ('Infinity'), ('-10'), ('0.5'), ('')";
        connection.execute_batch(&format!("insert into t values {values}")).unwrap();
        let sorted = ["-Infinity", "-10", "0.5", "9", "10", "Infinity", "NaN", "", "x"];
        assert_eq!(texts(&connection, "select x from t order by x"), sorted);
        assert_eq!(texts(&connection, "select x from t where x = '10.00'"), ["10"]);
        connection.execute_batch("create index i on t (x)").unwrap();
        assert_eq!(texts(&connection, "select x from t order by x"), sorted);
    }

    #[test]
    fn sums_are_exact_and_null_where_there_is_nothing() {
        let connection = connection();
        let sum = || {
            connection.query_row("select decimal_sum(x) from t", [], |row| row.get::<_, Option<String>>(0))
        };
        assert_eq!(sum(), Ok(None));
        connection.execute_batch("insert into t values (null)").unwrap();
        assert_eq!(sum(), Ok(None));
        connection.execute_batch("insert into t values ('0.1'), ('0.20'), (3)").unwrap();
        assert_eq!(sum(), Ok(Some("3.30".to_owned())));
        connection.execute_batch("insert into t values (0.5)").unwrap();
        assert!(sum().is_err());
    }

    #[test]
    fn a_comparison_is_by_value() {
        let connection = connection();
        let compare = |arguments: &str| {
            let query = format!("select decimal_cmp({arguments})");
            connection.query_row(&query, [], |row| row.get::<_, Option<i64>>(0))
        };
        assert_eq!(compare("'1.10', '1.1'"), Ok(Some(0)));
        assert_eq!(compare("'NaN', 'Infinity'"), Ok(Some(1)));
        assert_eq!(compare("9, '10'"), Ok(Some(-1)));
        assert_eq!(compare("null, '10'"), Ok(None));
        assert!(compare("'x', '10'").is_err());
        assert!(compare("1.0, '10'").is_err());
    }

    proptest! {
        #[test]
        fn the_collation_is_a_total_order(
            texts in proptest::array::uniform3("[-0-9.a]{0,3}|NaN|1e[0-9]|-?Infinity")
        ) {
            let [a, b, c] = &texts;
            prop_assert_eq!(collate(a, b), collate(b, a).reverse());
            if collate(a, b).is_le() && collate(b, c).is_le() {
                prop_assert!(collate(a, c).is_le());
            }
        }
    }
}
