//! Whole schemas: those of `OOSYNC_SCHEMA_CORPUS`, and always the example's.
//!
//! Each is loaded into a database, read, and held against counts that other SQL takes from the catalogs.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use oosync_build::facts::{Domain, Facts, MatchType, QualifiedName, ReferentialAction, TableKind};
use oosync_build::introspect::{schemas, snapshot};
use oosync_tests::corpus::{self, CorpusSchema};
use oosync_tests::{Cluster, ClusterOptions, TestDatabase, each};
use postgres::Client;

#[test]
fn whole_schemas_are_read_completely_and_always_the_same() {
    let mut all = corpus::schemas().unwrap_or_default();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/todo/schema.sql");
    all.push(CorpusSchema { name: "todo".to_owned(), schema: example, data: None });
    each(&all, 2, |schema| schema.name.clone(), holds);
}

fn holds(schema: &CorpusSchema) {
    // A cluster each time: a schema may make roles, which all databases of a cluster share.
    let cluster = || Arc::new(Cluster::private(&ClusterOptions::default()));
    let database = TestDatabase::empty_in(&cluster());
    database.execute_file(&schema.schema);
    let mut client = database.client();
    let names = schemas(&mut client).unwrap();
    let facts = snapshot(&mut client, &names).unwrap();
    let json = facts.to_json();

    assert_eq!(snapshot(&mut client, &names).unwrap().to_json(), json, "{}: a second time", schema.name);
    if let Some(data) = &schema.data {
        database.execute_file(data);
        assert_eq!(snapshot(&mut client, &names).unwrap().to_json(), json, "{}: with data", schema.name);
    }
    let other = TestDatabase::empty_in(&cluster());
    other.execute("create table oids_move_on (id int); drop table oids_move_on");
    other.execute_file(&schema.schema);
    assert_eq!(snapshot(&mut other.client(), &names).unwrap().to_json(), json, "{}: elsewhere", schema.name);

    let loaded = Facts::from_json(&json).unwrap();
    assert!(loaded == facts, "{}: what is loaded is what was saved", schema.name);
    assert_eq!(loaded.to_json(), json, "{}: saving it again changes nothing", schema.name);
    assert_eq!(facts.diff(&loaded), [], "{}: a diff with itself is empty", schema.name);

    let (read, described) = (columns(&facts), independent_columns(&mut client, &names));
    let differ: Vec<_> = read.iter().zip(&described).filter(|(read, described)| read != described).collect();
    assert!(differ.is_empty() && read.len() == described.len(), "{}: columns: {differ:?}", schema.name);
    let (read, described) = (constraints(&facts), independent_constraints(&mut client, &names));
    let differ: Vec<_> = read.symmetric_difference(&described).collect();
    assert!(differ.is_empty(), "{}: constraints: {differ:?}", schema.name);
    let (read, counted) = (counts(&facts), independent_counts(&mut client, &names));
    assert_eq!(read, counted, "{}: counts", schema.name);
    println!("{}: {read:?}", schema.name);
    // `scripts/matrix.sh` compares what different majors say.
    if let Some(folder) = std::env::var_os("OOSYNC_FACTS_OUT") {
        std::fs::write(Path::new(&folder).join(format!("{}.json", schema.name)), json).unwrap();
    }
}

/// Every column of tables and views as `information_schema` describes it, in the order of the table.
fn columns(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    for table in facts.tables.iter().filter(|table| table.kind != TableKind::MaterializedView) {
        for column in &table.columns {
            // information_schema looks through domains, names arrays by an underscore, and knows no sequences
            // but those of identity columns.
            let is_its_type =
                |domain: &Domain| (&domain.schema, &domain.name) == (&column.ty.schema, &column.ty.name);
            let domain = !column.ty.is_array() && facts.domains.iter().any(is_its_type);
            let scalar = !domain && !column.ty.is_array();
            let number = |value: Option<u32>| {
                value.filter(|_| scalar).map(|value| value.to_string()).unwrap_or_default()
            };
            let precision = if column.ty.name == "numeric" { column.ty.precision } else { None };
            lines.push(format!(
                "{}|{}|{}|{}|{}|{}|{}|{}",
                table.schema,
                table.name,
                column.name,
                if column.not_null || domain { "?" } else { "nullable" },
                number(column.ty.length),
                number(precision),
                column.ty.is_array(),
                column.identity.map(|identity| format!("{identity:?}")).unwrap_or_default(),
            ));
        }
    }
    lines
}

fn independent_columns(client: &mut Client, names: &[String]) -> Vec<String> {
    let rows = client.query(
        "select table_schema::text, table_name::text, column_name::text,
                case when is_nullable = 'NO' or domain_name is not null then '?' else 'nullable' end,
                case when domain_name is null then coalesce(character_maximum_length::text, '') else '' end,
                case when domain_name is null and data_type = 'numeric'
                     then coalesce(numeric_precision::text, '') else '' end,
                (data_type = 'ARRAY' and domain_name is null
                 and udt_name not in ('int2vector', 'oidvector'))::text,
                case when exists (select 1 from pg_class r where r.relname = c.table_name and r.relispartition
                    and r.relnamespace = (select oid from pg_namespace where nspname = c.table_schema)) then ''
                else case identity_generation when 'ALWAYS' then 'Always' when 'BY DEFAULT' then 'ByDefault' else '' end
                end
         from information_schema.columns c
         where table_schema = any($1)
           and not exists (select 1 from pg_depend e join pg_class r on r.oid = e.objid
               where e.deptype = 'e' and e.classid = 'pg_class'::regclass and r.relname = c.table_name
                 and r.relnamespace = (select oid from pg_namespace where nspname = c.table_schema))
         order by table_schema collate \"C\", table_name collate \"C\", ordinal_position",
        &[&names],
    );
    let text =
        |row: &postgres::Row| (0..8).map(|column| row.get::<_, String>(column)).collect::<Vec<_>>().join("|");
    rows.unwrap().iter().map(text).collect()
}

/// Keys and foreign keys in the words of `pg_get_constraintdef`, without quotes.
fn constraints(facts: &Facts) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for table in &facts.tables {
        let mut line = |name: &str, definition: String| {
            lines.insert(format!("{}.{}.{name}: {definition}", table.schema, table.name).replace('"', ""));
        };
        let timing = |deferrable: bool, deferred: bool| match (deferrable, deferred) {
            (true, true) => " DEFERRABLE INITIALLY DEFERRED",
            (true, false) => " DEFERRABLE",
            _ => "",
        };
        let include = |columns: &[String]| {
            if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", columns.join(", ")) }
        };
        if let Some(key) = &table.primary_key {
            let timing = timing(key.deferrable, key.initially_deferred);
            let overlaps = if key.without_overlaps { " WITHOUT OVERLAPS" } else { "" };
            let columns = key.columns.join(", ");
            line(&key.name, format!("PRIMARY KEY ({columns}{overlaps}){}{timing}", include(&key.include)));
        }
        for key in table.unique.iter().filter(|key| !key.index_only) {
            let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
            let columns: Vec<&str> = key.columns.iter().filter_map(|key| key.column()).collect();
            let overlaps = if key.without_overlaps { " WITHOUT OVERLAPS" } else { "" };
            let timing = timing(key.deferrable, key.initially_deferred);
            let (columns, include) = (columns.join(", "), include(&key.include));
            line(&key.name, format!("UNIQUE{nulls} ({columns}{overlaps}){include}{timing}"));
        }
        for key in &table.foreign_keys {
            let action = |what: &str, action: ReferentialAction| match action {
                ReferentialAction::Restrict => format!(" ON {what} RESTRICT"),
                ReferentialAction::Cascade => format!(" ON {what} CASCADE"),
                ReferentialAction::SetNull => format!(" ON {what} SET NULL"),
                ReferentialAction::SetDefault => format!(" ON {what} SET DEFAULT"),
                _ => String::new(),
            };
            let period = |columns: &[String]| match columns.split_last() {
                Some((last, before)) if key.period => {
                    before.iter().cloned().chain([format!("PERIOD {last}")]).collect::<Vec<_>>().join(", ")
                }
                _ => columns.join(", "),
            };
            let some = if key.on_delete_columns.is_empty() {
                String::new()
            } else {
                format!(" ({})", key.on_delete_columns.join(", "))
            };
            line(
                &key.name,
                format!(
                    "FOREIGN KEY ({}) REFERENCES {}.{}({}){}{}{}{some}{}{}",
                    period(&key.columns),
                    key.references.schema,
                    key.references.table,
                    period(&key.references.columns),
                    if key.match_type == MatchType::Full { " MATCH FULL" } else { "" },
                    action("UPDATE", key.on_update),
                    action("DELETE", key.on_delete),
                    timing(key.deferrable, key.initially_deferred),
                    match (key.not_enforced, key.not_valid) {
                        (true, _) => " NOT ENFORCED",
                        (false, true) => " NOT VALID",
                        _ => "",
                    },
                ),
            );
        }
    }
    lines
}

fn independent_constraints(client: &mut Client, names: &[String]) -> BTreeSet<String> {
    client.batch_execute("set search_path = ''").unwrap();
    let rows = client.query(
        "select n.nspname || '.' || c.relname || '.' || k.conname || ': ' || pg_get_constraintdef(k.oid)
         from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = any($1) and (k.contype in ('p', 'u') or k.contype = 'f' and k.conparentid = 0)
           and not exists (select 1 from pg_depend e where e.deptype = 'e' and e.classid = 'pg_class'::regclass
               and e.objid = c.oid)",
        &[&names],
    );
    client.batch_execute("reset search_path").unwrap();
    rows.unwrap().iter().map(|row| row.get::<_, String>(0).replace('"', "")).collect()
}

/// The counts that facts lead to.
fn counts(facts: &Facts) -> BTreeMap<&'static str, i64> {
    let tables = || facts.tables.iter();
    let columns = || tables().flat_map(|table| &table.columns);
    let keys = || tables().flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)));
    // Types that columns reach elsewhere, or that an extension brought along, are listed as well.
    let own =
        |schema: &String, extension: Option<&String>| facts.schemas.contains(schema) && extension.is_none();
    let of_kind = |kinds: &[TableKind]| tables().filter(|table| kinds.contains(&table.kind)).count();
    let targets = |table: &QualifiedName| -> BTreeSet<QualifiedName> {
        keys()
            .filter(|(from, _)| from.qualified_name() == *table)
            .map(|(_, key)| QualifiedName::new(&key.references.schema, &key.references.table))
            .collect()
    };
    // Tables that lie on a cycle of foreign keys through other tables.
    let graph: BTreeMap<QualifiedName, BTreeSet<QualifiedName>> =
        tables().map(|table| (table.qualified_name(), targets(&table.qualified_name()))).collect();
    let cyclic = graph
        .keys()
        .filter(|start| {
            let mut seen = BTreeSet::new();
            let mut next: Vec<&QualifiedName> =
                graph[*start].iter().filter(|target| target != start).collect();
            while let Some(table) = next.pop() {
                if table == *start {
                    return true;
                }
                if seen.insert(table) {
                    next.extend(graph.get(table).into_iter().flatten().filter(|target| *target != table));
                }
            }
            false
        })
        .count();
    [
        ("tables", of_kind(&[TableKind::Table, TableKind::PartitionedTable, TableKind::ForeignTable])),
        ("views", of_kind(&[TableKind::View, TableKind::MaterializedView])),
        ("partitions", tables().filter(|table| table.partition_of.is_some()).count()),
        ("inheriting", tables().filter(|table| !table.inherits.is_empty()).count()),
        ("columns", columns().count()),
        ("not null columns", columns().filter(|column| column.not_null).count()),
        ("defaults", columns().filter(|column| column.default.is_some()).count()),
        ("array columns", columns().filter(|column| column.ty.is_array()).count()),
        ("generated columns", columns().filter(|column| column.generated.is_some()).count()),
        ("identity columns", columns().filter(|column| column.identity.is_some()).count()),
        ("column comments", columns().filter(|column| column.comment.is_some()).count()),
        ("primary keys", tables().filter(|table| table.primary_key.is_some()).count()),
        (
            "primary key columns",
            tables().filter_map(|table| table.primary_key.as_ref()).map(|key| key.columns.len()).sum(),
        ),
        ("foreign keys", keys().count()),
        ("composite foreign keys", keys().filter(|(_, key)| key.columns.len() > 1).count()),
        (
            "self references",
            keys()
                .filter(|(table, key)| {
                    (&key.references.schema, &key.references.table) == (&table.schema, &table.name)
                })
                .count(),
        ),
        ("tables on cycles", cyclic),
        ("unique keys", tables().map(|table| table.unique.len()).sum()),
        ("indexes", tables().map(|table| table.indexes.len()).sum()),
        ("checks", tables().map(|table| table.checks.len()).sum()),
        ("exclusions", tables().map(|table| table.exclusions.len()).sum()),
        ("policies", tables().map(|table| table.policies.len()).sum()),
        ("triggers", tables().map(|table| table.triggers.len()).sum()),
        ("enums", facts.enums.iter().filter(|ty| own(&ty.schema, ty.extension.as_ref())).count()),
        (
            "enum labels",
            facts
                .enums
                .iter()
                .filter(|ty| own(&ty.schema, ty.extension.as_ref()))
                .map(|ty| ty.labels.len())
                .sum(),
        ),
        ("domains", facts.domains.iter().filter(|ty| own(&ty.schema, ty.extension.as_ref())).count()),
        ("composites", facts.composites.iter().filter(|ty| own(&ty.schema, ty.extension.as_ref())).count()),
        ("ranges", facts.ranges.iter().filter(|ty| own(&ty.schema, ty.extension.as_ref())).count()),
    ]
    .into_iter()
    .map(|(what, count)| (what, i64::try_from(count).unwrap()))
    .collect()
}

/// The same counts by other SQL: one query each, by name, without the introspection's joins.
fn independent_counts(client: &mut Client, names: &[String]) -> BTreeMap<&'static str, i64> {
    // What an extension brought along is not the schema's own.
    let own = |catalog: &str, oid: &str| {
        format!(
            "not exists (select 1 from pg_depend e where e.deptype = 'e' and e.classid = '{catalog}'::regclass \
             and e.objid = {oid})"
        )
    };
    let relation = |kinds: &str, rest: &str| {
        format!(
            "select count(*) from pg_class c where c.relnamespace::regnamespace::text = any($1) \
             and c.relkind in ({kinds}) and {} {rest}",
            own("pg_class", "c.oid")
        )
    };
    let attribute = |rest: &str| {
        format!(
            "select count(*) from pg_attribute a, pg_class c where c.oid = a.attrelid and a.attnum >= 1 \
             and not a.attisdropped \
             and c.relnamespace::regnamespace::text = any($1) and c.relkind in ('r','p','f','v','m') and {} {rest}",
            own("pg_class", "c.oid")
        )
    };
    let constraint = |kind: &str, rest: &str| {
        format!(
            "select count(*) from pg_constraint k, pg_class c where c.oid = k.conrelid and k.contype = '{kind}' \
             and c.relnamespace::regnamespace::text = any($1) and {} {rest}",
            own("pg_class", "c.oid")
        )
    };
    let index = |rest: &str| {
        format!(
            "select count(*) from pg_index i, pg_class c where c.oid = i.indrelid \
             and c.relnamespace::regnamespace::text = any($1) and c.relkind in ('r','p','m','f') and {} {rest}",
            own("pg_class", "c.oid")
        )
    };
    let ty = |kind: &str, what: &str, rest: &str| {
        format!(
            "select count({what}) from pg_type t {rest} where t.typtype = '{kind}' \
             and t.typnamespace::regnamespace::text = any($1) and {}",
            own("pg_type", "t.oid")
        )
    };
    let cycles = format!(
        "with recursive edges as (
            select distinct k.conrelid as a, k.confrelid as b from pg_constraint k
            where k.contype = 'f' and k.conparentid = 0 and k.conrelid <> k.confrelid and {} and {}
        ), reach as (
            select a, b from edges union select r.a, e.b from reach r join edges e on e.a = r.b
        ) select count(distinct c.oid) from reach r join pg_class c on c.oid = r.a
          where r.a = r.b and c.relnamespace::regnamespace::text = any($1)",
        own("pg_class", "k.conrelid"),
        own("pg_class", "k.confrelid")
    );
    let queries = [
        ("tables", relation("'r','p','f'", "")),
        ("views", relation("'v','m'", "")),
        ("partitions", relation("'r','p','f'", "and c.relispartition")),
        (
            "inheriting",
            relation(
                "'r','p','f'",
                "and not c.relispartition and exists (select 1 from pg_inherits h where h.inhrelid = c.oid)",
            ),
        ),
        ("columns", attribute("")),
        ("not null columns", attribute("and a.attnotnull")),
        ("defaults", attribute("and a.atthasdef and a.attgenerated = ''")),
        (
            "array columns",
            attribute(
                "and exists (select 1 from pg_type e where e.typarray = a.atttypid and e.typarray <> 0)",
            ),
        ),
        ("generated columns", attribute("and a.attgenerated <> ''")),
        ("identity columns", attribute("and a.attidentity <> '' and not c.relispartition")),
        ("column comments", attribute("and col_description(c.oid, a.attnum) is not null")),
        ("primary keys", constraint("p", "")),
        (
            "primary key columns",
            attribute(
                "and exists (select 1 from pg_constraint k where k.conrelid = c.oid and k.contype = 'p' \
                 and a.attnum = any(k.conkey))",
            ),
        ),
        ("foreign keys", constraint("f", "and k.conparentid = 0")),
        (
            "composite foreign keys",
            constraint("f", "and k.conparentid = 0 and array_length(k.conkey, 1) > 1"),
        ),
        ("self references", constraint("f", "and k.conparentid = 0 and k.confrelid = k.conrelid")),
        ("tables on cycles", cycles),
        (
            "unique keys",
            index(
                "and i.indisunique and not i.indisprimary \
                 and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid and k.contype = 'x')",
            ),
        ),
        (
            "indexes",
            index(
                "and not i.indisunique and not exists (select 1 from pg_constraint k \
                 where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))",
            ),
        ),
        ("checks", constraint("c", "")),
        ("exclusions", constraint("x", "")),
        (
            "policies",
            format!(
                "select count(*) from pg_policy p, pg_class c where c.oid = p.polrelid \
                 and c.relnamespace::regnamespace::text = any($1) and {}",
                own("pg_class", "c.oid")
            ),
        ),
        (
            "triggers",
            format!(
                "select count(*) from pg_trigger t, pg_class c where c.oid = t.tgrelid and not t.tgisinternal \
                 and t.tgparentid = 0 and c.relnamespace::regnamespace::text = any($1) and {}",
                own("pg_class", "c.oid")
            ),
        ),
        ("enums", ty("e", "*", "")),
        ("enum labels", ty("e", "l.oid", "join pg_enum l on l.enumtypid = t.oid")),
        ("domains", ty("d", "*", "")),
        ("composites", ty("c", "*", "join pg_class c on c.oid = t.typrelid and c.relkind = 'c'")),
        ("ranges", ty("r", "*", "")),
    ];
    // `regnamespace::text` quotes where needed; so must the names that are compared with it.
    let quoted: Vec<String> = names
        .iter()
        .map(|name| client.query_one("select quote_ident($1)", &[name]).unwrap().get(0))
        .collect();
    queries
        .iter()
        .map(|(what, sql)| {
            let row =
                client.query_one(sql.as_str(), &[&quoted]).unwrap_or_else(|error| panic!("{what}: {error}"));
            (*what, row.get(0))
        })
        .collect()
}
