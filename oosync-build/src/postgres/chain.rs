//! The way from a row to whoever has it.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{as_text, collate, collation, is_of_extension};
use super::membership::users_name;
use super::{ident, literal, table_name};
use crate::config::{Membership, OwnerNull};
use crate::facts::{Column, Facts, QualifiedName};
use crate::plan::{Ownership, Plan, PlanBucket, PlanTable};

/// A table and its ancestors, up to the one that belongs to somebody by itself.
pub(super) struct Chain<'a> {
    /// The table itself first, the root last.
    pub(super) levels: Vec<Level<'a>>,
}

/// Why a function that says who has a row is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The row was inserted.
    Insert,
    /// This is what an update made of the row; what it was before is asked about as if it were deleted.
    Update,
    /// The row was there and is not any more.
    Delete,
    /// The row is as it is.
    Select,
}

impl Asked {
    /// `'INSERT', to_jsonb(r), null`: operation, new row, old row.
    pub(super) fn arguments(self, row: &str) -> String {
        match self {
            Self::Insert => format!("'INSERT', {row}, null"),
            Self::Update => format!("'UPDATE', {row}, null"),
            Self::Delete => format!("'DELETE', null, {row}"),
            Self::Select => format!("'SELECT', {row}, null"),
        }
    }
}

/// Where the buckets of a row come from.
pub(super) struct Source<'a> {
    /// The level that says so.
    pub(super) level: usize,
    /// How it does.
    pub(super) way: Way<'a>,
    /// SQL of type text that is null where there is none.
    pub(super) bucket: String,
    /// What `bucket` needs behind the joins up to that level.
    pub(super) from: String,
}

/// How a row says in which bucket it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// By this column, its owner; where that is null, it may be everyone's.
    Owner { column: &'a str, or_everyone: bool },
    /// It is everyone's.
    Everyone,
    /// By these columns, which hold the key of a named bucket.
    Named { bucket: &'a str, columns: &'a [String] },
    /// A function says it.
    Function,
}

/// One table of a [`Chain`].
pub(super) struct Level<'a> {
    pub(super) table: &'a PlanTable,
    /// The bucket that its rows are in.
    pub(super) bucket: Option<&'a PlanBucket>,
    /// Columns of the level below, each with the column here that it refers to; empty for the table itself.
    pub(super) link: Vec<(String, String)>,
    /// Whether a row here may go and another of the same key come in its place, in one transaction, because what the
    /// level below refers by is checked only then.
    pub(super) deferrable: bool,
    /// Columns that are compared as text.
    as_text: BTreeSet<String>,
    /// Columns with a collation of their own.
    collations: BTreeMap<String, QualifiedName>,
}

/// Which side of a link is looked for. Where the columns have two collations, that is the one that is compared by:
/// an index serves under that of its column alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Find {
    /// What a row refers to.
    Above,
    /// What refers to a row.
    Below,
}

/// The chains of all tables of a plan.
pub(super) struct Chains<'a> {
    /// In the order of the plan.
    chains: Vec<Chain<'a>>,
    places: BTreeMap<&'a QualifiedName, usize>,
    /// Of each table those that lead to it, each with the level that the table has there.
    below: Vec<Vec<(usize, usize)>>,
}

impl<'a> Chains<'a> {
    pub(super) fn new(plan: &'a Plan, facts: &Facts) -> Self {
        let places: BTreeMap<_, _> =
            plan.tables.iter().enumerate().map(|(place, table)| (&table.name, place)).collect();
        let chains: Vec<_> = plan.tables.iter().map(|table| Chain::of(plan, &places, facts, table)).collect();
        let mut below = vec![Vec::new(); chains.len()];
        for (place, chain) in chains.iter().enumerate() {
            for (level, above) in chain.levels.iter().enumerate().skip(1) {
                if let Some(above) = places.get(&above.table.name) {
                    below[*above].push((place, level));
                }
            }
        }
        Self { chains, places, below }
    }

    /// The chain of a table of the plan.
    pub(super) fn of(&self, table: &PlanTable) -> &Chain<'a> {
        &self.chains[self.place(&table.name)]
    }

    /// Every table that leads to `table` by parents, each with its chain and the level that `table` has there.
    pub(super) fn below(&self, table: &PlanTable) -> Vec<(&Chain<'a>, usize)> {
        let below = self.below[self.place(&table.name)].iter();
        below.map(|(place, level)| (&self.chains[*place], *level)).collect()
    }

    /// Whether a table is synced itself.
    pub(super) fn has(&self, name: &QualifiedName) -> bool {
        self.places.contains_key(name)
    }

    /// Tables come from the plan that the chains were made of.
    fn place(&self, name: &QualifiedName) -> usize {
        self.places[name]
    }
}

impl<'a> Chain<'a> {
    fn of(
        plan: &'a Plan,
        places: &BTreeMap<&'a QualifiedName, usize>,
        facts: &Facts,
        table: &'a PlanTable,
    ) -> Self {
        let bucket_of = |table: &PlanTable| {
            let of = table.bucket.as_ref()?;
            plan.buckets.iter().find(|bucket| bucket.name == of.name)
        };
        let level = |table: &'a PlanTable, link, deferrable| Level {
            table,
            bucket: bucket_of(table),
            link,
            deferrable,
            as_text: of_extensions(facts, table),
            collations: collations(facts, table),
        };
        let mut levels = vec![level(table, Vec::new(), false)];
        let mut here = table;
        while let Ownership::Parent { foreign_key, columns, table: parent } = &here.ownership.value {
            let Some(above) = places.get(parent).map(|place| &plan.tables[*place]) else { break };
            let facts_table = facts.table(&here.name.schema, &here.name.name);
            let key =
                facts_table.and_then(|table| table.foreign_keys.iter().find(|key| key.name == *foreign_key));
            let Some(key) = key else { break };
            let link = columns.iter().map(|column| {
                let place = key.columns.iter().position(|other| other == column).unwrap_or_default();
                (column.clone(), key.references.columns[place].clone())
            });
            levels.push(level(above, link.collect(), key.deferrable));
            here = above;
        }
        Self { levels }
    }

    /// ` join public.lists p1 on p1.id = r.list_id join …`, from level `from` up to `to`.
    pub(super) fn joins(&self, from: usize, to: usize, find: Find) -> String {
        (from + 1..=to)
            .map(|level| {
                let on = self.on(level, find);
                format!(" join {} {} on {on}", table_name(&self.levels[level].table.name), alias(level))
            })
            .collect()
    }

    /// `p1.id = r.list_id`: how level `level` is found from the one below, or that one from it.
    pub(super) fn on(&self, level: usize, find: Find) -> String {
        let pairs = self.pairs(level, find).map(|(here, below)| format!("{here} = {below}"));
        pairs.collect::<Vec<_>>().join(" and ")
    }

    /// `p1.id, …` and `r.list_id, …`: both sides of how `level` is found.
    pub(super) fn link_rows(&self, level: usize) -> (String, String) {
        let (here, below): (Vec<_>, Vec<_>) = self.pairs(level, Find::Above).unzip();
        (here.join(", "), below.join(", "))
    }

    /// Both sides of how `level` is found, column by column.
    pub(super) fn pairs(&self, level: usize, find: Find) -> impl Iterator<Item = (String, String)> {
        let (here, below) = (&self.levels[level], &self.levels[level - 1]);
        here.link.iter().map(move |(from, to)| {
            let (here_is, below_is) = (here.collations.get(to), below.collations.get(from));
            let mut pair = (here.compared(&alias(level), to), below.compared(&alias(level - 1), from));
            match find {
                _ if here_is == below_is => {}
                Find::Above => pair.1.push_str(&collate(here_is)),
                Find::Below => pair.0.push_str(&collate(below_is)),
            }
            pair
        })
    }

    /// Which buckets a row is in; `asked` is why functions are asked about rows of level `of`, and rows of others are
    /// looked at.
    pub(super) fn sources(&self, of: usize, asked: Asked) -> Vec<Source<'a>> {
        let levels = self.levels.iter().enumerate();
        levels
            .flat_map(|(level, table)| table.own(level, if level == of { asked } else { Asked::Select }))
            .collect()
    }

    /// Whether any column of the table itself can decide in which buckets its rows are: a function says so.
    pub(super) fn is_by_function(&self) -> bool {
        self.levels[0].is_by_function()
    }

    /// The columns of the table itself that decide in which buckets it is.
    pub(super) fn deciding_columns(&self) -> Vec<&'a str> {
        deciding_columns(self.levels[0].table)
    }
}

/// The columns of a table that decide in which buckets its rows are.
pub(super) fn deciding_columns(table: &PlanTable) -> Vec<&str> {
    let mut columns: Vec<&str> = match &table.ownership.value {
        Ownership::Owner { column, .. } => vec![column],
        Ownership::Parent { columns, .. } => columns.iter().map(String::as_str).collect(),
        Ownership::Bucket | Ownership::Everyone => Vec::new(),
    };
    if let Some(bucket) = &table.bucket {
        columns.extend(bucket.columns.iter().map(String::as_str));
    }
    columns
}

/// The row itself is `r`, its ancestors are `p1`, `p2`, ….
pub(super) fn alias(level: usize) -> String {
    if level == 0 { "r".to_owned() } else { format!("p{level}") }
}

/// The columns of a table that are compared by operators of an extension, which our functions do not find.
fn of_extensions(facts: &Facts, table: &PlanTable) -> BTreeSet<String> {
    let of_extensions = declared(facts, table).filter(|column| is_of_extension(facts, &column.ty));
    of_extensions.map(|column| column.name.clone()).collect()
}

fn collations(facts: &Facts, table: &PlanTable) -> BTreeMap<String, QualifiedName> {
    let with = |column: &Column| Some((column.name.clone(), collation(facts, column)?));
    declared(facts, table).filter_map(with).collect()
}

fn declared<'f>(facts: &'f Facts, table: &PlanTable) -> impl Iterator<Item = &'f Column> + use<'f> {
    facts.table(&table.name.schema, &table.name.name).into_iter().flat_map(|table| &table.columns)
}

impl<'a> Level<'a> {
    /// `r.id`, or `r.id::text`: a column as it is compared.
    pub(super) fn compared(&self, alias: &str, column: &str) -> String {
        let as_text = if self.as_text.contains(column) { "::text" } else { "" };
        format!("{alias}.{}{as_text}", ident(column))
    }

    /// `r.id::text`: a column as a part of a key or a bucket.
    fn text(&self, alias: &str, column: &str) -> String {
        as_text(alias, column, self.collations.contains_key(column))
    }

    /// `array[r.id::text]`: the primary key.
    pub(super) fn key(&self, alias: &str) -> String {
        let columns = key_columns(self.table).into_iter().map(|column| self.text(alias, column));
        format!("array[{}]", columns.collect::<Vec<_>>().join(", "))
    }

    /// Whether a function says who has its rows.
    pub(super) fn is_by_function(&self) -> bool {
        self.bucket.is_some_and(|bucket| matches!(bucket.members, Membership::Function(_)))
    }

    /// The buckets that a row of this level says.
    fn own(&self, level: usize, asked: Asked) -> Vec<Source<'a>> {
        let (table, alias) = (self.table, alias(level));
        let plain = |way, bucket: String| Source { level, way, bucket, from: String::new() };
        let mut sources = Vec::new();
        match &table.ownership.value {
            Ownership::Owner { column: owner, null } => {
                let user = format!("'user:' || {}", self.text(&alias, owner));
                let or_everyone = *null == Some(OwnerNull::Everyone);
                let bucket = if or_everyone { format!("coalesce({user}, '*')") } else { user };
                sources.push(plain(Way::Owner { column: owner, or_everyone }, bucket));
            }
            Ownership::Everyone => sources.push(plain(Way::Everyone, "'*'::text".to_owned())),
            Ownership::Parent { .. } | Ownership::Bucket => {}
        }
        if let (Some(bucket), true) = (&table.bucket, self.is_by_function()) {
            sources.push(Source {
                level,
                way: Way::Function,
                bucket: format!("'user:' || b{level}.who"),
                from: format!(
                    " cross join lateral {}({}, {}, {}) b{level} (who)",
                    users_name(&bucket.name),
                    literal(&table.name.to_string()),
                    asked.arguments(&format!("to_jsonb({alias})")),
                    self.key(&alias),
                ),
            });
        } else if let Some(bucket) = &table.bucket {
            let columns: Vec<String> = bucket.columns.iter().map(|name| self.text(&alias, name)).collect();
            let way = Way::Named { bucket: &bucket.name, columns: &bucket.columns };
            sources.push(plain(way, named(&bucket.name, &columns)));
        }
        sources
    }
}

/// The columns of the primary key, in its order.
pub(super) fn key_columns(table: &PlanTable) -> Vec<&str> {
    table.primary_key.iter().map(|place| table.columns[*place].name.as_str()).collect()
}

/// `list:<key>`, of the columns as text; of a key of several columns, its text as an array.
pub(super) fn named(bucket: &str, columns: &[String]) -> String {
    let prefix = literal(&format!("{bucket}:"));
    match columns {
        [one] => format!("{prefix} || {one}"),
        several => {
            let known: Vec<_> = several.iter().map(|column| format!("{column} is not null")).collect();
            format!(
                "case when {} then {prefix} || array[{}]::text end",
                known.join(" and "),
                several.join(", ")
            )
        }
    }
}
