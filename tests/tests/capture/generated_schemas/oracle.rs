//! Who has which row, by the model alone: whole tables are read, and parents are looked up here.

use std::collections::{BTreeMap, BTreeSet};

use postgres::{Client, Transaction};

use super::super::device::Rows;
use super::schema::{Schema, Table, Whose};

/// A row as text.
struct Row {
    key: Vec<String>,
    json: String,
    columns: BTreeMap<String, Option<String>>,
    /// The text of the bucket's key, as an array where it has several columns.
    bucket: Option<String>,
}

/// What is in a database at one moment.
pub(super) struct State<'s> {
    schema: &'s Schema,
    tables: Vec<Vec<Row>>,
    /// Of each bucket its members, each with the text of the key.
    members: Vec<Vec<(String, String)>>,
}

fn bucket_text(columns: &[String]) -> String {
    match columns {
        [] => "null::text".to_owned(),
        [one] => format!("{one}::text"),
        several => {
            let texts: Vec<_> = several.iter().map(|column| format!("{column}::text")).collect();
            let known: Vec<_> = several.iter().map(|column| format!("{column} is not null")).collect();
            format!("case when {} then array[{}]::text end", known.join(" and "), texts.join(", "))
        }
    }
}

fn texts(columns: &[String]) -> String {
    let texts: Vec<_> = columns.iter().map(|column| format!("t.{column}::text")).collect();
    format!("array[{}]::text[]", texts.join(", "))
}

fn read(transaction: &mut Transaction<'_>, table: &Table) -> Result<Vec<Row>, postgres::Error> {
    let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let sql = format!(
        "select {}, to_jsonb(t)::text, {}, {} from {} t",
        texts(&table.key),
        texts(&names),
        bucket_text(&table.named("b")),
        table.name
    );
    let rows = transaction.query(&sql, &[])?;
    let rows = rows.iter().map(|row| Row {
        key: row.get(0),
        json: row.get(1),
        columns: names.iter().cloned().zip(row.get::<_, Vec<Option<String>>>(2)).collect(),
        bucket: row.get(3),
    });
    Ok(rows.collect())
}

impl<'s> State<'s> {
    pub(super) fn read(
        schema: &'s Schema,
        transaction: &mut Transaction<'_>,
    ) -> Result<Self, postgres::Error> {
        let tables: Result<_, _> = schema.tables.iter().map(|table| read(transaction, table)).collect();
        let members: Result<Vec<_>, _> = schema
            .buckets
            .iter()
            .map(|bucket| {
                let sql =
                    format!("select who::text, {} from {}", bucket_text(&bucket.keys()), bucket.members());
                let rows = transaction.query(&sql, &[])?;
                Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
            })
            .collect();
        Ok(Self { schema, tables: tables?, members: members? })
    }

    /// The buckets of a row: its own, and those of its parent.
    fn buckets(&self, table: usize, row: &Row) -> BTreeSet<String> {
        let model = &self.schema.tables[table];
        let mut buckets = BTreeSet::new();
        if let (Some(bucket), Some(key)) = (model.bucket, &row.bucket) {
            buckets.insert(format!("{}:{key}", self.schema.buckets[bucket].name));
        }
        match &model.whose {
            Whose::Owner { or_everyone } => match &row.columns["owner"] {
                Some(owner) => {
                    buckets.insert(format!("user:{owner}"));
                }
                None if *or_everyone => {
                    buckets.insert("*".to_owned());
                }
                None => {}
            },
            Whose::Everyone => {
                buckets.insert("*".to_owned());
            }
            Whose::Bucket => {}
            Whose::Parent { table: parent, by } => {
                let wanted: Vec<_> = model.named("p").iter().map(|name| row.columns[name].clone()).collect();
                if wanted.iter().all(Option::is_some) {
                    let above = self.tables[*parent].iter().find(|above| {
                        by.iter().zip(&wanted).all(|(column, wanted)| above.columns[column] == *wanted)
                    });
                    if let Some(above) = above {
                        buckets.extend(self.buckets(*parent, above));
                    }
                }
            }
        }
        buckets
    }

    /// The buckets of a user.
    pub(super) fn buckets_of(&self, user: &str) -> BTreeSet<String> {
        let mut buckets = BTreeSet::from(["*".to_owned()]);
        // Where nothing belongs to a user, there is no such bucket.
        let owned = |table: &Table| matches!(table.whose, Whose::Owner { .. });
        if self.schema.tables.iter().any(owned) || !self.schema.buckets.is_empty() {
            buckets.insert(format!("user:{user}"));
        }
        for (bucket, members) in self.schema.buckets.iter().zip(&self.members) {
            let mine = members.iter().filter(|(who, _)| who == user);
            buckets.extend(mine.map(|(_, key)| format!("{}:{key}", bucket.name)));
        }
        buckets
    }

    /// What a user should hold.
    pub(super) fn rows_of(
        &self,
        transaction: &mut Transaction<'_>,
        user: &str,
    ) -> Result<Rows, postgres::Error> {
        let mine = self.buckets_of(user);
        let mut held = Rows::new();
        for (at, rows) in self.tables.iter().enumerate() {
            for row in rows.iter().filter(|row| !self.buckets(at, row).is_disjoint(&mine)) {
                let table = format!("public.{}", self.schema.tables[at].name);
                assert!(
                    held.insert((table, row.key.clone()), row.json.clone()).is_none(),
                    "one row has one key"
                );
            }
        }
        for bucket in self.schema.buckets.iter().filter(|bucket| bucket.synced) {
            let names: Vec<String> = std::iter::once("who".to_owned()).chain(bucket.keys()).collect();
            let sql = format!(
                "select {}, to_jsonb(t)::text from {} t where who::text = $1",
                texts(&names),
                bucket.members()
            );
            for row in transaction.query(&sql, &[&user])? {
                held.insert((format!("public.{}", bucket.members()), row.get(0)), row.get(1));
            }
        }
        Ok(held)
    }

    /// Which keys of a table are in which of these buckets.
    fn pairs(&self, table: usize, of: &BTreeSet<String>) -> BTreeSet<(Vec<String>, String)> {
        let rows = self.tables[table].iter();
        rows.flat_map(|row| {
            let buckets = self.buckets(table, row);
            buckets.intersection(of).map(|bucket| (row.key.clone(), bucket.clone())).collect::<Vec<_>>()
        })
        .collect()
    }
}

/// Compares what the installed functions and policies say with the model, for every user; the session may act as
/// `role`. What differs, for people.
pub(super) fn compare(
    schema: &Schema,
    client: &mut Client,
    role: &str,
    users: &[String],
) -> Result<(), String> {
    let mut transaction = client.transaction().unwrap();
    transaction
        .batch_execute(
            "set local timezone = 'UTC'; set local datestyle = 'ISO'; set local bytea_output = 'hex'",
        )
        .unwrap();
    let state = State::read(schema, &mut transaction).unwrap();
    let mut everything: BTreeSet<String> = BTreeSet::new();
    for (at, rows) in state.tables.iter().enumerate() {
        everything.extend(rows.iter().flat_map(|row| state.buckets(at, row)));
    }
    let sets: Vec<BTreeSet<String>> =
        users.iter().map(|user| state.buckets_of(user)).chain([everything, BTreeSet::new()]).collect();
    for (at, table) in schema.tables.iter().enumerate() {
        let keys: Vec<&Vec<String>> = state.tables[at].iter().map(|row| &row.key).collect();
        for set in &sets {
            let set_list: Vec<&String> = set.iter().collect();
            let expected = state.pairs(at, set);
            let mut check = |what: &str, sql: String, keys: Option<&Vec<String>>| {
                let rows = match keys {
                    Some(keys) => transaction.query(&sql, &[keys, &set_list]),
                    None => transaction.query(&sql, &[&set_list]),
                };
                let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}: {:?}", error.as_db_error()));
                let list: Vec<(Vec<String>, String)> =
                    rows.iter().map(|row| (row.get(0), row.get(1))).collect();
                let found: BTreeSet<_> = list.iter().cloned().collect();
                if found == expected && found.len() == list.len() {
                    return Ok(());
                }
                Err(format!("{} {what} {set:?}: {list:?}, not {expected:?}", table.name))
            };
            check("in", format!("select pk, bucket from oosync.\"public.{} in\"($1)", table.name), None)?;
            let texts: Vec<String> = keys
                .iter()
                .map(|key| {
                    let quoted = key
                        .iter()
                        .map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
                    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
                })
                .collect();
            check(
                "held",
                format!("select pk, bucket from oosync.\"public.{} held\"($1, $2)", table.name),
                Some(&texts),
            )?;
        }
    }
    for user in users {
        let rows = state.rows_of(&mut transaction, user).unwrap();
        let buckets = state.buckets_of(user);
        transaction
            .batch_execute(&format!("set local role {role}; set local oosync.user_id = '{user}'"))
            .unwrap();
        let found: BTreeSet<String> =
            transaction.query("select oosync.buckets()", &[]).unwrap().iter().map(|row| row.get(0)).collect();
        if found != buckets {
            return Err(format!("the buckets of {user}: {found:?}, not {buckets:?}"));
        }
        for table in &schema.tables {
            let sql = format!("select {} from {} t", texts(&table.key), table.name);
            let shown = transaction
                .query(&sql, &[])
                .unwrap_or_else(|error| panic!("{sql}: {error}: {:?}", error.as_db_error()));
            let shown: BTreeSet<Vec<String>> = shown.iter().map(|row| row.get(0)).collect();
            let name = format!("public.{}", table.name);
            let expected: BTreeSet<Vec<String>> =
                rows.keys().filter(|(table, _)| *table == name).map(|(_, key)| key.clone()).collect();
            if shown != expected {
                return Err(format!("policies show {user} of {name}: {shown:?}, not {expected:?}"));
            }
        }
        transaction.batch_execute("reset role").unwrap();
    }
    Ok(())
}
