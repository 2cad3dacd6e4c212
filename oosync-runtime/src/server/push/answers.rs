//! The rows that answers carry.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{Applier, Shown};
use super::check::Item;
use super::write::stamp;
use crate::protocol::{JsonRow, Op, TableHeader};
use crate::schema::{ColumnDefault, ColumnType, Table};
use crate::server::Error;
use crate::server::rows::Room;
use crate::{Value, codec};

impl Applier<'_> {
    /// Adds to answers the rows as they are now, as far as the user may see them. The role is the server's
    /// afterwards.
    pub(super) async fn show(&mut self) -> Result<(), Error> {
        self.compare().await?;
        let mut wanted: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (n, item) in self.items.iter().enumerate() {
            if let Some(Shown::Key(key)) = self.results[n].as_ref().map(|settled| &settled.shown) {
                wanted.entry(item.place).or_default().insert(key.clone());
            }
        }
        for (place, keys) in wanted {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            // All are of one device: it knows the same columns of the table.
            let Some(header) = self.items.iter().find(|item| item.place == place).map(|item| item.header)
            else {
                continue;
            };
            let (of, room) = ((place, header), &mut Room::endless());
            let rows = self.shared.json_rows(self.transaction, self.identity, of, &keys, room).await?;
            for (item, settled) in self.items.iter().zip(&mut self.results) {
                let Some(settled) = settled.as_mut().filter(|_| item.place == place) else { continue };
                if let Shown::Key(key) = &settled.shown {
                    settled.result.row = rows.get(key).cloned();
                }
            }
        }
        Ok(())
    }

    /// Looks whether what was written is what was sent: a trigger, a default or a rounding may have made it another.
    async fn compare(&mut self) -> Result<(), Error> {
        let mut sets: BTreeMap<(usize, Vec<String>), Vec<usize>> = BTreeMap::new();
        for (n, item) in self.items.iter().enumerate() {
            if self.results[n].as_ref().is_some_and(|settled| settled.shown == Shown::IfOther) {
                sets.entry((item.place, self.seen(item))).or_default().push(n);
            }
        }
        for ((place, columns), members) in sets {
            let table = self.shared.catalog.tables[place].table;
            let header = TableHeader { columns, ..self.items[members[0]].header.clone() };
            let keys: BTreeSet<&str> = members.iter().map(|n| self.items[*n].key.as_str()).collect();
            let keys: Vec<&str> = keys.into_iter().collect();
            let rows = self
                .shared
                .json_rows(self.transaction, self.identity, (place, &header), &keys, &mut Room::endless())
                .await?;
            for n in members {
                let item = &self.items[n];
                let Some(row) = rows.get(&item.key) else { continue };
                let row: JsonRow =
                    serde_json::from_str(row.get()).map_err(|error| Error::internal(error.to_string()))?;
                if let Some(settled) = self.results[n].as_mut().filter(|_| is_other_row(item, table, &row)) {
                    settled.shown = Shown::Key(item.key.clone());
                }
            }
        }
        Ok(())
    }

    /// The columns that are looked at: of an insert all, of an update what it wrote, and whether the row is deleted.
    pub(super) fn seen(&self, item: &Item<'_>) -> Vec<String> {
        if item.mutation.op == Op::Insert {
            return item.header.columns.clone();
        }
        let table = self.shared.catalog.tables[item.place].table;
        let deleted = table.rules.deleted.map(|place| table.columns[place].name);
        let named = |name: &&String| item.mutation.values.contains(name) || Some(name.as_str()) == deleted;
        item.header.columns.iter().filter(named).cloned().collect()
    }
}

/// Whether a column is not what the device has after its mutation. The stamp of the last change never is: the server
/// writes its own, and the device hears of it with the pull that includes the mutation.
pub(super) fn is_other(
    item: &Item<'_>,
    table: &'static Table,
    place: usize,
    there: Option<&Value<'_>>,
) -> bool {
    let column = &table.columns[place];
    if column.default == ColumnDefault::Local || stamp(table) == Some(place) {
        return false;
    }
    let sent = item.mutation.values.get(column.name).or_else(|| item.mutation.key.get(column.name));
    match sent.map(|sent| codec::from_json(&column.ty, sent.get())) {
        // The same to the device, however it was written.
        Some(Ok(sent)) => sent != *there.unwrap_or(&Value::Null),
        Some(Err(_)) => true,
        None if table.rules.deleted == Some(place) && column.ty == ColumnType::Bool => {
            there.is_some_and(|there| *there != Value::Integer(0))
        }
        None => there.is_some(),
    }
}

/// Whether a row is not what the device has after its mutation.
fn is_other_row(item: &Item<'_>, table: &'static Table, row: &JsonRow) -> bool {
    row.iter().any(|(name, json)| {
        let Some(place) = table.column(name) else { return false };
        match codec::from_json(&table.columns[place].ty, json.get()) {
            Ok(there) => is_other(item, table, place, Some(&there).filter(|there| **there != Value::Null)),
            Err(_) => true,
        }
    })
}
