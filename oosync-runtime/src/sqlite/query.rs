//! Typed queries over one table; whatever they cannot say, SQL can.

use std::marker::PhantomData;

use rusqlite::{Connection, params_from_iter};

use super::rows::sqlite;
use super::statement::{names, quoted};
use crate::row::{Row, RowColumn, RowReader};
use crate::schema::{ColumnType, Table};
use crate::sql::{self, Nullable};
use crate::{Error, Field, Value};

/// Types whose device form sorts as Postgres sorts them.
///
/// Dates and times do so from the year 1 to the year 9999: infinities and years before or after are compared as
/// text.
pub trait Ordered {}

macro_rules! ordered {
    ($($ty:ident)+) => { $(impl Ordered for sql::$ty {})+ };
}
ordered! {
    Bool Int2 Int4 Int8 Oid Float4 Float8 Numeric Timestamptz Timestamp Date Time Uuid UuidText Bytea Text Money
}
impl<S: Ordered> Ordered for Nullable<S> {}

impl<R: Row, S> RowColumn<R, S> {
    /// Rows where it has this value; null equals null.
    pub fn eq<T: Field<S>>(self, value: T) -> Filter<R> {
        self.compare("IS", &value)
    }

    /// Rows where it has another value; null is another value than any other.
    pub fn ne<T: Field<S>>(self, value: T) -> Filter<R> {
        self.compare("IS NOT", &value)
    }

    /// Rows where it is one of these values.
    pub fn any_of<T: Field<S>>(self, values: impl IntoIterator<Item = T>) -> Filter<R> {
        let mut filter = Filter::sql("0", Vec::new());
        for (number, value) in values.into_iter().enumerate() {
            let one = self.eq(value);
            filter = if number == 0 { one } else { filter.or(one) };
        }
        filter
    }

    fn compare<T: Field<S>>(self, operator: &str, value: &T) -> Filter<R> {
        let column = &R::TABLE.columns[self.place];
        match value.encode() {
            Ok(value) => {
                let collate = collation(&column.ty);
                Filter::sql(
                    format!("{} {operator} ?{collate}", quoted(column.name)),
                    vec![value.into_owned()],
                )
            }
            Err(source) => {
                Filter(Err(Error::Value { table: R::TABLE.name, column: column.name, source }), PhantomData)
            }
        }
    }
}

impl<R: Row, S: Ordered> RowColumn<R, S> {
    /// Rows where it is less; null is not.
    pub fn lt<T: Field<S>>(self, value: T) -> Filter<R> {
        self.compare("<", &value)
    }

    /// Rows where it is less or equal; null is not.
    pub fn le<T: Field<S>>(self, value: T) -> Filter<R> {
        self.compare("<=", &value)
    }

    /// Rows where it is greater; null is not.
    pub fn gt<T: Field<S>>(self, value: T) -> Filter<R> {
        self.compare(">", &value)
    }

    /// Rows where it is greater or equal; null is not.
    pub fn ge<T: Field<S>>(self, value: T) -> Filter<R> {
        self.compare(">=", &value)
    }

    /// Ascending, null first.
    pub fn asc(self) -> Order<R> {
        self.order("")
    }

    /// Descending, null last.
    pub fn desc(self) -> Order<R> {
        self.order(" DESC")
    }

    fn order(self, direction: &str) -> Order<R> {
        let column = &R::TABLE.columns[self.place];
        Order(format!("{}{}{direction}", quoted(column.name), collation(&column.ty)), PhantomData)
    }
}

impl<R: Row, S> RowColumn<R, Nullable<S>> {
    /// Rows where it is null.
    pub fn is_null(self) -> Filter<R> {
        Filter::sql(format!("{} IS NULL", quoted(R::TABLE.columns[self.place].name)), Vec::new())
    }

    /// Rows where it is not null.
    pub fn is_not_null(self) -> Filter<R> {
        Filter::sql(format!("{} IS NOT NULL", quoted(R::TABLE.columns[self.place].name)), Vec::new())
    }
}

impl<R: Row> RowColumn<R, sql::Text> {
    /// Rows where the text is like the pattern, as SQLite's `LIKE`: `%`, `_`, ASCII letters in either case.
    pub fn like(self, pattern: impl Into<String>) -> Filter<R> {
        like(self.place, pattern.into())
    }
}

impl<R: Row> RowColumn<R, Nullable<sql::Text>> {
    /// Rows where the text is like the pattern, as SQLite's `LIKE`: `%`, `_`, ASCII letters in either case.
    pub fn like(self, pattern: impl Into<String>) -> Filter<R> {
        like(self.place, pattern.into())
    }
}

fn like<R: Row>(place: usize, pattern: String) -> Filter<R> {
    Filter::sql(format!("{} LIKE ?", quoted(R::TABLE.columns[place].name)), vec![Value::Text(pattern.into())])
}

/// Numbers with digits after the point are text; this is how they are compared as numbers.
const fn collation(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Numeric => " COLLATE decimal",
        _ => "",
    }
}

/// A condition on rows of `R`.
#[derive(Debug)]
#[must_use]
pub struct Filter<R>(Result<Condition, Error>, PhantomData<fn() -> R>);

/// The SQL of a condition and its parameters in order.
#[derive(Debug, Clone)]
pub struct Condition {
    sql: String,
    values: Vec<Value<'static>>,
}

impl<R> Filter<R> {
    /// A condition in SQL with `?` for each value, in order.
    pub fn sql(sql: impl Into<String>, values: Vec<Value<'static>>) -> Self {
        Self(Ok(Condition { sql: sql.into(), values }), PhantomData)
    }

    /// Both hold.
    pub fn and(self, other: Self) -> Self {
        self.join("AND", other)
    }

    /// One of them holds.
    pub fn or(self, other: Self) -> Self {
        self.join("OR", other)
    }

    fn join(self, word: &str, other: Self) -> Self {
        let joined = self.0.and_then(|mut left| {
            let right = other.0?;
            left.sql = format!("({}) {word} ({})", left.sql, right.sql);
            left.values.extend(right.values);
            Ok(left)
        });
        Self(joined, PhantomData)
    }
}

impl<R> std::ops::Not for Filter<R> {
    type Output = Self;

    fn not(self) -> Self {
        let negated = self.0.map(|filter| Condition { sql: format!("NOT ({})", filter.sql), ..filter });
        Self(negated, PhantomData)
    }
}

/// An order of rows of `R`.
#[derive(Debug, Clone)]
#[must_use]
pub struct Order<R>(String, PhantomData<fn() -> R>);

/// Which rows of a table, in which order.
#[derive(Debug)]
#[must_use = "a query does nothing until it is loaded"]
pub struct Query<R> {
    filter: Option<Filter<R>>,
    order: Vec<String>,
    limit: Option<u32>,
    offset: u32,
}

impl<R: Row> Query<R> {
    pub(super) const fn new() -> Self {
        Self { filter: None, order: Vec::new(), limit: None, offset: 0 }
    }

    /// Only rows where this holds as well.
    pub fn filter(mut self, filter: Filter<R>) -> Self {
        self.filter = Some(match self.filter {
            Some(before) => before.and(filter),
            None => filter,
        });
        self
    }

    /// In this order; a second one orders what the first leaves equal. Without any: by the key.
    pub fn order_by(mut self, order: Order<R>) -> Self {
        self.order.push(order.0);
        self
    }

    /// At most so many rows.
    pub const fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Without the first so many rows.
    pub const fn offset(mut self, rows: u32) -> Self {
        self.offset = rows;
        self
    }

    /// All rows at once.
    ///
    /// # Errors
    ///
    /// What SQLite says, a value that does not fit its field, a filter with a value that no column can have.
    pub fn load(self, connection: &Connection) -> Result<Vec<R>, Error> {
        let mut rows = Vec::new();
        self.for_each(connection, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Query::load`].
    pub fn first(self, connection: &Connection) -> Result<Option<R>, Error> {
        Ok(self.limit(1).load(connection)?.pop())
    }

    /// One row after the other, however many there are; an error of `each` ends it.
    ///
    /// # Errors
    ///
    /// As [`Query::load`], and those of `each`.
    pub fn for_each(
        self,
        connection: &Connection,
        mut each: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let table = R::TABLE;
        let (sql, values) = self.select(&names(table, R::COLUMNS.iter().copied()))?;
        let mut statement = connection.prepare_cached(&sql).map_err(sqlite(table))?;
        let mut rows = statement.query(params_from_iter(values)).map_err(sqlite(table))?;
        while let Some(row) = rows.next().map_err(sqlite(table))? {
            each(R::read(&mut RowReader::new::<R>(row))?)?;
        }
        Ok(())
    }

    /// How many rows there are; limit and offset count too.
    ///
    /// # Errors
    ///
    /// As [`Query::load`].
    pub fn count(self, connection: &Connection) -> Result<u64, Error> {
        let table = R::TABLE;
        let (sql, values) = self.select("1")?;
        let sql = format!("SELECT count(*) FROM ({sql})");
        let mut statement = connection.prepare_cached(&sql).map_err(sqlite(table))?;
        let count = statement.query_row(params_from_iter(values), |row| row.get::<_, i64>(0));
        count.map(|count| u64::try_from(count).unwrap_or_default()).map_err(sqlite(table))
    }

    fn select(self, columns: &str) -> Result<(String, Vec<Value<'static>>), Error> {
        let table: &Table = R::TABLE;
        let mut sql = format!("SELECT {columns} FROM {}", quoted(table.name));
        let mut values = Vec::new();
        if let Some(filter) = self.filter {
            let condition = filter.0?;
            sql.push_str(" WHERE ");
            sql.push_str(&condition.sql);
            values = condition.values;
        }
        let order = if self.order.is_empty() {
            names(table, table.primary_key.iter().copied())
        } else {
            self.order.join(", ")
        };
        // -1 is SQLite's "no limit", which an offset needs.
        let limit = self.limit.map_or(-1, i64::from);
        sql.push_str(&format!(" ORDER BY {order} LIMIT {limit} OFFSET {}", self.offset));
        Ok((sql, values))
    }
}
