//! A model of a schema: what the oracle decides by, and what SQL and config are written from.

use std::fmt::Write as _;

use proptest::prelude::*;

/// How many values a type has here, for the rows of a table; as many again are for those of a table that inherits.
pub(super) const POOL: usize = 4;

/// The users of a case.
pub(super) const USERS: usize = 3;

/// A type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Int,
    Uuid,
    Text,
    Date,
    Timestamptz,
    Bytea,
    Numeric,
    Enum,
}

impl Type {
    const ALL: [Self; 8] = [
        Self::Int,
        Self::Uuid,
        Self::Text,
        Self::Date,
        Self::Timestamptz,
        Self::Bytea,
        Self::Numeric,
        Self::Enum,
    ];

    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Int => "integer",
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamptz => "timestamptz",
            Self::Bytea => "bytea",
            Self::Numeric => "numeric(10,0)",
            Self::Enum => "\"Mood\"",
        }
    }

    /// The type of a column, where texts are compared by rules of their own: no two columns need have the same.
    fn declared(self, table: &str, column: &str) -> String {
        let collations = ["", " collate \"C\"", " collate \"POSIX\"", " collate ucs_basic"];
        let number: usize = table.bytes().chain(column.bytes()).map(usize::from).sum();
        let collation = if self == Self::Text { collations[number % collations.len()] } else { "" };
        format!("{}{collation}", self.sql())
    }

    /// One of its values, as SQL of that type.
    pub(super) fn literal(self, value: usize) -> String {
        let value = value % (2 * POOL);
        let texts = ["''", "'NULL'", "'a,\"b\"'", "'{c}'", "'\\x'", "'it''s'", "'ü '", "'z'"];
        let text = match self {
            Self::Int | Self::Numeric => value.to_string(),
            Self::Uuid => format!("'{}'", super::super::device::user(value)),
            Self::Text => texts[value].to_owned(),
            Self::Date if value == 0 => "'infinity'".to_owned(),
            Self::Date => format!("'2024-01-0{value}'"),
            Self::Timestamptz if value == 0 => "'-infinity'".to_owned(),
            Self::Timestamptz => format!("'2024-03-0{value} 05:06:07.89+00'"),
            Self::Bytea => format!("'\\xff0{value}'"),
            Self::Enum => format!("'{}'", LABELS[value]),
        };
        format!("{text}::{}", self.sql())
    }
}

const LABELS: [&str; 2 * POOL] = ["low", "High", "a,b", "{}", "e", "f", "g", "h"];

/// A column, in the order of the table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) nullable: bool,
    pub(super) default: Option<String>,
}

/// To whom the rows of a table belong.
#[derive(Debug, Clone)]
pub(super) enum Whose {
    /// To whom `owner` names; where that is null, maybe to everyone.
    Owner { or_everyone: bool },
    /// To whom the row of `table` belongs that `p0, …` refer to, by these columns of it.
    Parent { table: usize, by: Vec<String> },
    /// To everyone.
    Everyone,
    /// To the members of its bucket alone.
    Bucket,
}

/// How the rows of a table are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Plain,
    /// In two partitions, one of which has two itself.
    Partitioned,
    /// Some of them in a table that inherits.
    Inherited,
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<String>,
    pub(super) unique: Vec<String>,
    pub(super) whose: Whose,
    /// The bucket that `b0, …` name.
    pub(super) bucket: Option<usize>,
    pub(super) stored: Stored,
    /// Whether `s0, …` refer to another row of the same table.
    pub(super) of_itself: bool,
    /// Constraints, without a comma.
    constraints: Vec<String>,
    /// Of the constraints, those that a table that inherits has too.
    inherited: Vec<String>,
    indexed: bool,
    /// A foreign key that is added as not valid when there are rows already, some without a parent.
    not_valid: Option<String>,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> &Column {
        self.columns.iter().find(|column| column.name == name).unwrap()
    }

    /// The columns whose names begin so.
    pub(super) fn named(&self, prefix: &str) -> Vec<String> {
        let digits = |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<usize>().is_ok());
        self.columns.iter().map(|column| column.name.clone()).filter(|name| digits(name)).collect()
    }

    /// The table itself and those that its rows may be in.
    pub(super) fn relations(&self) -> Vec<String> {
        let of = |suffixes: &[&str]| suffixes.iter().map(|suffix| format!("{}{suffix}", self.name)).collect();
        match self.stored {
            Stored::Plain => of(&[""]),
            Stored::Partitioned => of(&["", "_a", "_b", "_ba", "_bb"]),
            Stored::Inherited => of(&["", "_i"]),
        }
    }

    fn sql(&self) -> String {
        let name = &self.name;
        let columns = self.columns.iter().map(|column| {
            let null = if column.nullable { "" } else { " not null" };
            let default =
                column.default.as_ref().map(|default| format!(" default {default}")).unwrap_or_default();
            format!("{} {}{null}{default}", column.name, column.ty.declared(&self.name, &column.name))
        });
        let parts: Vec<_> = columns.chain(self.constraints.iter().cloned()).collect();
        let by = self.key.last().unwrap();
        let by = if self.stored == Stored::Partitioned {
            format!(" partition by hash ({by})")
        } else {
            String::new()
        };
        let mut sql = format!("create table {name} (\n  {}\n){by};\n", parts.join(",\n  "));
        match self.stored {
            Stored::Plain => {}
            Stored::Partitioned => {
                let key = self.key.last().unwrap();
                for (part, of, rest, by) in
                    [("_a", "", 0, String::new()), ("_b", "", 1, format!(" partition by list ({key})"))]
                {
                    let _ = writeln!(
                        sql,
                        "create table {name}{part} partition of {name}{of} for values with (modulus 2, remainder {rest}){by};"
                    );
                }
                let _ = writeln!(
                    sql,
                    "create table {name}_ba partition of {name}_b for values in ({}, {});\ncreate table {name}_bb partition of {name}_b default;",
                    self.column(key).ty.literal(0),
                    self.column(key).ty.literal(1),
                );
            }
            Stored::Inherited => {
                let _ =
                    writeln!(sql, "create table {name}_i ({}) inherits ({name});", self.inherited.join(", "));
            }
        }
        if let Some(constraint) = &self.not_valid {
            let names: Vec<_> = self.columns.iter().map(|column| column.name.clone()).collect();
            let rows = (2..POOL).map(|row| {
                let values = self.columns.iter().map(|column| match column.name.as_bytes()[0] {
                    b'p' | b'k' | b'u' => column.ty.literal(row),
                    _ => "null".to_owned(),
                });
                format!("({})", values.collect::<Vec<_>>().join(", "))
            });
            let rows = rows.collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                sql,
                "insert into {name} ({}) values {rows};\nalter table {name} add {constraint} not valid;",
                names.join(", ")
            );
        }
        if self.indexed {
            for columns in [self.named("p"), self.named("b"), self.named("s")] {
                if !columns.is_empty() {
                    let _ = writeln!(sql, "create index on {name} ({});", columns.join(", "));
                }
            }
        }
        sql
    }
}

/// A named bucket, whose members stand in the table of its name.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) types: Vec<Type>,
    /// Whether the members are synced, each to the member.
    pub(super) synced: bool,
    pub(super) user: Type,
}

impl Bucket {
    pub(super) fn members(&self) -> String {
        format!("{}_members", self.name)
    }

    pub(super) fn keys(&self) -> Vec<String> {
        (0..self.types.len()).map(|at| format!("b{at}")).collect()
    }
}

/// A schema with its config.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    pub(super) buckets: Vec<Bucket>,
    /// The type of users' ids, where it is not text.
    pub(super) user: Type,
}

impl Schema {
    /// The id of a user, as text.
    pub(super) fn user_id(&self, number: usize) -> String {
        match self.user {
            Type::Uuid => super::super::device::user(number),
            _ => (number + 1).to_string(),
        }
    }

    pub(super) fn user_literal(&self, number: usize, ty: Type) -> String {
        format!("'{}'::{}", self.user_id(number % USERS), ty.sql())
    }

    pub(super) fn sql(&self) -> String {
        let labels: Vec<_> = LABELS.iter().map(|label| format!("'{label}'")).collect();
        let mut sql = format!("create type \"Mood\" as enum ({});\n", labels.join(", "));
        for bucket in &self.buckets {
            let columns: Vec<_> = bucket
                .keys()
                .iter()
                .zip(&bucket.types)
                .map(|(name, ty)| format!("{name} {} not null", ty.declared(&bucket.members(), name)))
                .collect();
            let _ = writeln!(
                sql,
                "create table {} (who {} not null, {}, primary key (who, {}));",
                bucket.members(),
                bucket.user.declared(&bucket.members(), "who"),
                columns.join(", "),
                bucket.keys().join(", ")
            );
        }
        sql.extend(self.tables.iter().map(Table::sql));
        sql
    }

    pub(super) fn config(&self) -> String {
        let hidden = self
            .buckets
            .iter()
            .filter(|bucket| !bucket.synced)
            .map(|bucket| format!("\"{}\"", bucket.members()));
        let inherits = self.tables.iter().filter(|table| table.stored == Stored::Inherited);
        let hidden: Vec<_> = hidden.chain(inherits.map(|table| format!("\"{}_i\"", table.name))).collect();
        let mut config = format!("[sync]\nexclude = [{}]\n", hidden.join(", "));
        let quoted = |names: &[String]| {
            let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
            format!("[{}]", names.join(", "))
        };
        for table in &self.tables {
            let _ = writeln!(config, "[tables.{}]", table.name);
            match &table.whose {
                Whose::Owner { or_everyone } => {
                    let nullable = table.column("owner").nullable;
                    let null = if *or_everyone { "everyone" } else { "nobody" };
                    let _ = writeln!(config, "owner_column = \"owner\"");
                    if nullable {
                        let _ = writeln!(config, "owner_null = \"{null}\"");
                    }
                }
                Whose::Parent { .. } => {
                    let _ = writeln!(config, "parent = {}", quoted(&table.named("p")));
                }
                Whose::Everyone => {
                    let _ = writeln!(config, "unowned = \"everyone\"");
                }
                Whose::Bucket => {}
            }
            if let Some(bucket) = table.bucket {
                let (name, columns) = (&self.buckets[bucket].name, table.named("b"));
                let columns =
                    if let [one] = columns.as_slice() { format!("\"{one}\"") } else { quoted(&columns) };
                let _ = writeln!(config, "bucket = \"{name}\"\nbucket_column = {columns}");
            }
        }
        for bucket in &self.buckets {
            if bucket.synced {
                let _ = writeln!(config, "[tables.{}]\nowner_column = \"who\"", bucket.members());
            }
            let keys = bucket.keys();
            let key = if let [one] = keys.as_slice() { format!("\"{one}\"") } else { quoted(&keys) };
            let _ = writeln!(
                config,
                "[buckets.{}]\nmembers = {{ table = \"{}\", user = \"who\", key = {key} }}",
                bucket.name,
                bucket.members()
            );
        }
        config
    }
}

/// Numbers that a table is made of.
type Numbers = [u8; 12];

/// Any schema of two to six tables.
pub(super) fn any_schema() -> impl Strategy<Value = Schema> {
    let tables = prop::collection::vec(any::<Numbers>(), 2..=6);
    let buckets = prop::collection::vec(any::<[u8; 4]>(), 0..=2);
    (0..3_usize, buckets, tables).prop_map(|(user, buckets, tables)| {
        let user = [Type::Text, Type::Int, Type::Uuid][user];
        let mut schema = Schema { tables: Vec::new(), buckets: Vec::new(), user };
        for (at, numbers) in buckets.iter().enumerate() {
            let pick = |number: u8| Type::ALL[usize::from(number) % Type::ALL.len()];
            let types =
                numbers[1..if numbers[0] % 3 == 2 { 3 } else { 2 }].iter().map(|n| pick(*n)).collect();
            let synced = numbers[0] % 2 == 1;
            let user = if numbers[3] % 3 == 2 { Type::Text } else { user };
            schema.buckets.push(Bucket { name: format!("n{at}"), types, synced, user });
        }
        for numbers in &tables {
            let table = table(&schema, *numbers);
            schema.tables.push(table);
        }
        schema
    })
}

fn table(schema: &Schema, numbers: Numbers) -> Table {
    let [whose, key, first, second, unique, stored, owner, parent, action, deferrable, bucket, more] =
        numbers.map(usize::from);
    let name = format!("t{}", schema.tables.len());
    let ty = |number: usize| Type::ALL[number % Type::ALL.len()];
    let column = |name: &str, ty, nullable, default| Column { name: name.to_owned(), ty, nullable, default };
    let mut columns = Vec::new();
    let mut table_key = Vec::new();
    let mut constraints = Vec::new();
    let mut inherited = Vec::new();
    let mut not_valid = None;
    let bucket = (!schema.buckets.is_empty() && bucket % 3 > 0).then(|| bucket % schema.buckets.len());
    // What everyone has is nobody's parent.
    let above: Vec<usize> =
        (0..schema.tables.len()).filter(|at| !matches!(schema.tables[*at].whose, Whose::Everyone)).collect();
    let whose = match whose % 8 {
        0 | 1 => Whose::Owner { or_everyone: owner % 3 == 2 },
        2 => Whose::Everyone,
        3 if bucket.is_some() => Whose::Bucket,
        _ if above.is_empty() => Whose::Owner { or_everyone: owner % 3 == 2 },
        _ => {
            let depth = |mut at: usize| {
                let mut depth = 1;
                while let Whose::Parent { table, .. } = &schema.tables[at].whose {
                    (at, depth) = (*table, depth + 1);
                }
                depth
            };
            let table = above[parent % above.len()];
            let by = &schema.tables[table];
            let by = if by.unique.is_empty() || parent % 2 == 0 { &by.key } else { &by.unique };
            if depth(table) < 4 {
                Whose::Parent { table, by: by.clone() }
            } else {
                Whose::Owner { or_everyone: false }
            }
        }
    };
    let bucket = bucket.filter(|_| !matches!(whose, Whose::Everyone));
    let stored = match stored % 6 {
        4 => Stored::Partitioned,
        5 => Stored::Inherited,
        _ => Stored::Plain,
    };
    let nested = matches!(whose, Whose::Parent { .. }) && key % 4 == 3;
    if let Whose::Parent { table, by } = &whose {
        let nullable = !nested && action % 2 == 0;
        for (at, to) in by.iter().enumerate() {
            let ty = schema.tables[*table].column(to).ty;
            columns.push(column(&format!("p{at}"), ty, nullable, Some(ty.literal(0))));
        }
        let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
        let deletes = ["cascade", "no action", "set null", "set default", "restrict", "cascade"];
        let delete = match deletes[action / 2 % 6] {
            "set null" if !nullable => "cascade",
            other => other,
        };
        let update = match ["cascade", "no action", "set null", "set default"][action / 12 % 4] {
            "set null" if !nullable => "cascade",
            other => other,
        };
        let late = ["", "", " deferrable", " deferrable initially deferred"][deferrable % 4];
        let constraint = format!(
            "foreign key ({}) references {} ({}) on delete {delete} on update {update}{late}",
            names.join(", "),
            schema.tables[*table].name,
            by.join(", ")
        );
        if stored == Stored::Plain && deferrable % 5 == 4 {
            not_valid = Some(constraint);
        } else {
            inherited.push(constraint.clone());
            constraints.push(constraint);
        }
        if nested {
            table_key.extend(names);
        }
    }
    columns.push(column("k0", ty(first), false, None));
    table_key.push("k0".to_owned());
    if key % 4 == 2 {
        columns.push(column("k1", ty(second), false, None));
        table_key.push("k1".to_owned());
    }
    let has_unique = unique % 3 > 0 && stored != Stored::Partitioned;
    let unique: Vec<String> =
        (0..if has_unique { unique % 3 } else { 0 }).map(|at| format!("u{at}")).collect();
    for (at, name) in unique.iter().enumerate() {
        columns.push(column(name, ty(second + 3 * at + 1), more % 2 == 0, None));
    }
    if matches!(whose, Whose::Owner { .. }) {
        let ty = if owner / 3 % 3 == 2 { Type::Text } else { schema.user };
        columns.push(column("owner", ty, owner % 3 > 0, None));
    }
    if let Some(bucket) = bucket {
        for (at, ty) in schema.buckets[bucket].types.iter().enumerate() {
            columns.push(column(&format!("b{at}"), *ty, true, None));
        }
    }
    let of_itself = more / 2 % 3 == 2;
    for list in [&mut constraints, &mut inherited] {
        list.push(format!("primary key ({})", table_key.join(", ")));
        if has_unique {
            list.push(format!("unique ({})", unique.join(", ")));
        }
    }
    if of_itself {
        let mut names = Vec::new();
        for (at, key) in table_key.iter().enumerate() {
            let ty = columns.iter().find(|column| column.name == *key).unwrap().ty;
            columns.push(column(&format!("s{at}"), ty, true, None));
            names.push(format!("s{at}"));
        }
        let delete = ["cascade", "set null", "no action", "restrict"][more / 6 % 4];
        let update = ["cascade", "set null", "no action"][more / 24 % 3];
        constraints.push(format!(
            "foreign key ({}) references {name} ({}) on delete {delete} on update {update}",
            names.join(", "),
            table_key.join(", ")
        ));
    }
    columns.push(column("body", Type::Text, true, None));
    Table {
        name,
        columns,
        key: table_key,
        unique,
        whose,
        bucket,
        stored,
        of_itself,
        constraints,
        inherited,
        indexed: more % 4 > 0,
        not_valid,
    }
}
