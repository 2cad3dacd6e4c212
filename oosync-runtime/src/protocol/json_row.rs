//! Values of columns in JSON, by their names: what a mutation, a key or a row is made of.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RawJson;
use crate::schema::{Column, ColumnDefault, Table};
use crate::{Error, Value, codec};

/// Columns and their values, each in the form of [`codec::to_push_json`]; sorted by name, so that two rows with the
/// same values have the same JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonRow(
    /// Ascending; no name is there twice.
    Vec<(Box<str>, RawJson)>,
);

impl JsonRow {
    /// No column.
    pub fn new() -> Self {
        Self::default()
    }

    /// Values of a device, as Postgres reads them. Of a column that comes twice, the last value counts.
    ///
    /// ```
    /// # use oosync_runtime::schema::*;
    /// use oosync_runtime::Value;
    /// use oosync_runtime::protocol::JsonRow;
    ///
    /// # const fn column(name: &'static str, ty: ColumnType) -> Column {
    /// #     Column { name, ty, nullable: false, default: ColumnDefault::None, access: Access::PLAIN }
    /// # }
    /// # static TABLE: Table = Table {
    /// #     pg_schema: "public", pg_name: "t", name: "t", primary_key: &[0], foreign_keys: &[], ddl: "",
    /// #     columns: &[column("id", ColumnType::Int8), column("price", ColumnType::Numeric)],
    /// #     rules: Rules { owner: Owner::Everyone, bucket: None, push: Push::Disabled, deny_delete: false,
    /// #         confirmed: false, conflict: Conflict::ServerWins, created: None, updated: None, deleted: None,
    /// #         conflict_target: &[0], order: 1, change_category: None, normalize_datetime: &[] },
    /// # };
    /// let [id, price] = TABLE.columns else { unreachable!() };
    /// let row = JsonRow::of(&TABLE, [(id, &Value::Integer(7)), (price, &Value::Text("1.50".into()))])?;
    /// assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"id":7,"price":"1.50"}"#);
    /// assert_eq!(row.values(&TABLE)?, [(0, Value::Integer(7)), (1, Value::Text("1.50".into()))]);
    /// # Ok::<(), oosync_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where a value is not one of its column's type, and for columns that nobody may push: those that only this
    /// device has, and those that Postgres computes.
    pub fn of<'v, 'a: 'v>(
        table: &Table,
        values: impl IntoIterator<Item = (&'static Column, &'v Value<'a>)>,
    ) -> Result<Self, Error> {
        let mut row = Self::new();
        for (column, value) in values {
            if matches!(column.default, ColumnDefault::Local | ColumnDefault::Generated) {
                return Err(Error::NotPushed { table: table.name, column: column.name });
            }
            let failed = |source| Error::Value { table: table.name, column: column.name, source };
            let mut json = String::new();
            codec::to_push_json(&column.ty, value, &mut json).map_err(failed)?;
            let json = RawJson::parse(json)
                .map_err(|error| failed(crate::ValueError::invalid(error, "JSON value")))?;
            row.insert(column.name, json);
        }
        Ok(row)
    }

    /// The device's form of each value, with the place of its column; sorted by name. What the table has no column
    /// for is left out: a newer server has more of them.
    ///
    /// # Errors
    ///
    /// Where a value is not one of its column's type, or null where the column cannot be; and for a column that only
    /// this device has.
    pub fn values(&self, table: &'static Table) -> Result<Vec<(usize, Value<'_>)>, Error> {
        let mut values = Vec::with_capacity(self.len());
        for (name, json) in self.iter() {
            let Some(place) = table.column(name) else { continue };
            let column = &table.columns[place];
            if column.default == ColumnDefault::Local {
                return Err(Error::LocalColumn { table: table.name, column: column.name });
            }
            values.push((
                place,
                super::layout::checked(table, column, codec::from_json(&column.ty, json.get()))?,
            ));
        }
        Ok(values)
    }

    /// Sets a column, and returns what it was before.
    pub fn insert(&mut self, column: impl Into<String>, value: RawJson) -> Option<RawJson> {
        let column = column.into();
        match self.find(&column) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (column.into(), value));
                None
            }
        }
    }

    /// Where a column is, or would be.
    fn find(&self, column: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| (**name).cmp(column))
    }

    /// The value of a column.
    pub fn get(&self, column: &str) -> Option<&RawJson> {
        self.find(column).ok().map(|at| &self.0[at].1)
    }

    /// Whether the column has a value, or null.
    pub fn contains(&self, column: &str) -> bool {
        self.find(column).is_ok()
    }

    /// The columns, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The columns and their values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &RawJson)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for JsonRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// A JSON object in which no name occurs twice: which of two values is meant, nobody could say.
impl<'de> Deserialize<'de> for JsonRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;

        impl<'de> Visitor<'de> for Columns {
            type Value = JsonRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonRow, A::Error> {
                let mut row: Vec<(Box<str>, RawJson)> = Vec::new();
                let mut is_sorted = true;
                while let Some(entry) = map.next_entry()? {
                    is_sorted = is_sorted && row.last().is_none_or(|(last, _)| *last < entry.0);
                    row.push(entry);
                }
                if !is_sorted {
                    row.sort_by(|(one, _), (other, _)| one.cmp(other));
                    let twice = row.windows(2).find(|pair| pair[0].0 == pair[1].0);
                    if let Some([(name, _), _]) = twice {
                        return Err(A::Error::custom(format_args!("column `{name}` occurs twice")));
                    }
                }
                Ok(JsonRow(row))
            }
        }

        deserializer.deserialize_map(Columns)
    }
}
