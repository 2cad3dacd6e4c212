//! Mutations as rows that Postgres makes of JSON, with the types of the table's columns.
//!
//! `r.n` says which mutation it is, `r.k0` and on are the key, `r.v3` is the value of the column at place 3 and `r.b3`
//! its base: no name of a column occurs. Values are read by the input functions of their types, with the length that the
//! column has: what is too long is an error, as it is in an insert.

use std::fmt::Write as _;

use super::check::Item;
use crate::codec;
use crate::protocol::{JsonRow, RawJson};
use crate::schema::ColumnType;
use crate::server::catalog::TableSql;
use crate::server::session::ident;

/// What the rows have beside `n` and the key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'c> {
    /// Columns with their values.
    pub(super) values: &'c [usize],
    /// Columns with their bases.
    pub(super) bases: &'c [usize],
}

/// Whether values of the column are compared by their text: types without equality, and those whose equality is
/// another than that of their text, or may be.
fn by_text(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Json | ColumnType::PgText(_) | ColumnType::Array(_) | ColumnType::Composite(_))
}

/// A string of JSON is a JSON value of its own for these: it has to come as text.
fn is_json(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Json | ColumnType::Jsonb)
}

impl TableSql {
    /// `json_to_recordset(…) r (…)`, over the parameter `$1`.
    pub(super) fn record(&self, fields: Fields<'_>) -> String {
        let mut sql = "pg_catalog.json_to_recordset($1::text::json) r (n int4".to_owned();
        for (at, place) in self.table.primary_key.iter().enumerate() {
            let _ = write!(sql, ", k{at} {}", self.declared[*place]);
        }
        for (prefix, places) in [("v", fields.values), ("b", fields.bases)] {
            for place in places {
                let json = is_json(&self.table.columns[*place].ty);
                let _ =
                    write!(sql, ", {prefix}{place} {}", if json { "text" } else { &self.declared[*place] });
            }
        }
        sql.push(')');
        sql
    }

    /// The value of a column in such a row.
    pub(super) fn given(&self, prefix: &str, place: usize) -> String {
        if is_json(&self.table.columns[place].ty) {
            format!("(r.{prefix}{place})::{}", self.declared[place])
        } else {
            format!("r.{prefix}{place}")
        }
    }

    /// Whether a column of the row `t` is what the record has.
    pub(super) fn same(&self, prefix: &str, place: usize) -> String {
        self.same_as(place, &self.given(prefix, place))
    }

    /// Whether a column of the row `t` is a value of its type.
    pub(super) fn same_as(&self, place: usize, given: &str) -> String {
        let column = &self.table.columns[place];
        let there = format!("t.{}", ident(column.name));
        match by_text(&column.ty) {
            true => format!("{there}::text is not distinct from ({given})::text"),
            false => format!("{there} is not distinct from {given}"),
        }
    }

    /// The row `t` of a record.
    pub(super) fn of_record(&self) -> String {
        let columns = self.table.primary_key.iter().enumerate();
        let columns =
            columns.map(|(at, place)| format!("t.{} = r.k{at}", ident(self.table.columns[*place].name)));
        columns.collect::<Vec<_>>().join(" and ")
    }

    /// The text of the key, as the log has it, of the row or record of this alias.
    pub(super) fn key_text_of(&self, of: impl Fn(usize, usize) -> String) -> String {
        let parts = self.table.primary_key.iter().enumerate();
        let parts = parts.map(|(at, place)| format!("({})::text", of(at, *place)));
        format!("array[{}]::text", parts.collect::<Vec<_>>().join(", "))
    }

    /// The text of a key, as the log has it, where that can be told here: for types that write a value in one way, and
    /// texts that an array does not quote.
    pub(super) fn key_text_of_json(&self, key: &JsonRow) -> Option<String> {
        let mut text = "{".to_owned();
        for (at, place) in self.table.primary_key.iter().enumerate() {
            let column = &self.table.columns[*place];
            // A domain has another name, and may have checks.
            let ty = match (&column.ty, self.types[*place].as_str()) {
                (ColumnType::Uuid | ColumnType::UuidText, "uuid") => &ColumnType::Uuid,
                (ColumnType::Int2, "smallint")
                | (ColumnType::Int4, "integer")
                | (ColumnType::Int8, "bigint")
                | (ColumnType::Text, "text") => &column.ty,
                _ => return None,
            };
            let value = codec::from_json(ty, key.get(column.name)?.get()).ok()?;
            let part = codec::to_text(ty, &value).ok()?;
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@');
            if part.is_empty() || !part.chars().all(plain) || part.eq_ignore_ascii_case("null") {
                return None;
            }
            text.push_str(if at == 0 { "" } else { "," });
            text.push_str(&part);
        }
        text.push('}');
        Some(text)
    }

    /// The columns of the key, of the row `t`.
    pub(super) fn key_list(&self) -> String {
        let columns = self.table.primary_key.iter();
        let columns = columns.map(|place| format!("t.{}", ident(self.table.columns[*place].name)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The JSON that becomes a row of [`record`](Self::record). `value` says what is written to a column.
    pub(super) fn object<'v>(
        &self,
        n: usize,
        item: &'v Item<'_>,
        fields: Fields<'_>,
        value: impl Fn(usize) -> Option<&'v RawJson>,
    ) -> String {
        let mut json = format!("{{\"n\":{n}");
        let name = |place: &usize| self.table.columns[*place].name;
        let mut push = |prefix: &str, number: usize, value: Option<&RawJson>| {
            if let Some(value) = value {
                let _ = write!(json, ",\"{prefix}{number}\":{}", value.get());
            }
        };
        for (at, place) in self.table.primary_key.iter().enumerate() {
            push("k", at, item.mutation.key.get(name(place)));
        }
        for place in fields.values {
            push("v", *place, value(*place));
        }
        for place in fields.bases {
            push("b", *place, item.mutation.base.get(name(place)));
        }
        json.push('}');
        json
    }

    /// What the device sent for a column.
    pub(super) fn sent<'v>(&self, row: &'v JsonRow, place: usize) -> Option<&'v RawJson> {
        row.get(self.table.columns[place].name)
    }
}
