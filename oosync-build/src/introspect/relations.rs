//! `pg_class`, `pg_attribute` and what hangs on a column.

use std::collections::{BTreeMap, HashMap};

use super::session::Session;
use super::types::Types;
use super::{Error, expression};
use crate::facts::{
    Column, Generated, GeneratedKind, Identity, PartitionOf, Persistence, QualifiedName, RowSecurity,
    Sequence, Table, TableKind,
};
use crate::postgres::SWITCHED_ON;

/// Tables by OID, and the names of their columns by number.
pub(super) struct Relations {
    tables: BTreeMap<u32, Table>,
    columns: HashMap<(u32, i16), String>,
}

impl Relations {
    pub(super) fn read(session: &mut Session<'_>, types: &Types) -> Result<Self, Error> {
        let mut relations = Self { tables: read_tables(session)?, columns: HashMap::new() };
        relations.read_columns(session, types)?;
        relations.read_sequences(session)?;
        relations.read_parents(session)?;
        Ok(relations)
    }

    pub(super) fn contains(&self, oid: u32) -> bool {
        self.tables.contains_key(&oid)
    }

    /// A table of the snapshot; the catalogs may name others (those of extensions).
    pub(super) fn table(&mut self, oid: u32) -> Option<&mut Table> {
        self.tables.get_mut(&oid)
    }

    /// The name of a live column.
    pub(super) fn column(&self, table: u32, number: i16) -> Result<String, Error> {
        self.columns.get(&(table, number)).cloned().ok_or_else(|| Error::Unknown {
            what: match self.tables.get(&table) {
                Some(table) => format!("column number {number} of {}", table.qualified_name()),
                None => format!("column number {number} of the relation {table}"),
            },
        })
    }

    /// The names of live columns.
    pub(super) fn columns(&self, table: u32, numbers: &[i16]) -> Result<Vec<String>, Error> {
        numbers.iter().map(|number| self.column(table, *number)).collect()
    }

    pub(super) fn into_tables(self) -> Vec<Table> {
        self.tables.into_values().collect()
    }

    fn read_columns(&mut self, session: &mut Session<'_>, types: &Types) -> Result<(), Error> {
        // From Postgres 18 on NOT NULL can be NOT VALID, and the flag is set all the same.
        let not_null = session.since(
            18,
            "a.attnotnull and not exists (select from pg_constraint k where k.conrelid = a.attrelid
                and k.contype = 'n' and k.conkey[1] = a.attnum and not k.convalidated)",
            "a.attnotnull",
        );
        let sql = format!(
            "select a.attrelid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, a.attndims::int4,
                    case when a.atttypmod >= 0 and t.typnamespace <> 'pg_catalog'::regnamespace
                         then format_type(a.atttypid, a.atttypmod) end,
                    {not_null}, pg_get_expr(f.adbin, f.adrelid), a.attidentity::text, a.attgenerated::text,
                    cn.nspname::text, co.collname::text, d.description
             from pg_attribute a
             join pg_class c on c.oid = a.attrelid
             join pg_type t on t.oid = a.atttypid
             left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
             left join pg_collation co on co.oid = a.attcollation and a.attcollation <> t.typcollation
             left join pg_namespace cn on cn.oid = co.collnamespace
             left join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = a.attrelid
                 and d.objsubid = a.attnum
             where c.relnamespace = any($1) and c.relkind in ('r','p','v','m','f')
               and a.attnum > 0 and not a.attisdropped
             order by a.attrelid, a.attnum"
        );
        for row in session.query(&sql)? {
            let (oid, number): (u32, i16) = (row.try_get(0)?, row.try_get(1)?);
            let name: String = row.try_get(2)?;
            let Some(table) = self.tables.get_mut(&oid) else { continue };
            let formatted: Option<&str> = row.try_get(6)?;
            let ty = types.reference(row.try_get(3)?, row.try_get(4)?, row.try_get(5)?, formatted)?;
            let mut column = Column::new(name.as_str(), ty);
            column.not_null = row.try_get(7)?;
            let text = row.try_get::<_, Option<&str>>(8)?.map(expression::canonical);
            let unknown = |what: &str, code: &str| Error::Unknown {
                what: format!("the {what} `{code}` of {}.{name}", table.qualified_name()),
            };
            column.identity = match row.try_get(9)? {
                "" => None,
                "a" => Some(Identity::Always),
                "d" => Some(Identity::ByDefault),
                code => return Err(unknown("kind of identity", code)),
            };
            let kind = match row.try_get(10)? {
                "" => None,
                "s" => Some(GeneratedKind::Stored),
                "v" => Some(GeneratedKind::Virtual),
                code => return Err(unknown("kind of generated column", code)),
            };
            match (kind, text) {
                (Some(kind), Some(expression)) => column.generated = Some(Generated { kind, expression }),
                (_, text) => column.default = text,
            }
            let collation = row.try_get::<_, Option<String>>(11)?.zip(row.try_get::<_, Option<String>>(12)?);
            column.collation = collation.map(|(schema, name)| QualifiedName::new(schema, name));
            column.comment = row.try_get(13)?;
            self.columns.insert((oid, number), name);
            table.columns.push(column);
        }
        Ok(())
    }

    fn read_sequences(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let rows = session.query(
            "with owned as (
                select p.refobjid as tbl, p.refobjsubid as col, p.objid as seq, p.deptype = 'i' as drawn
                from pg_depend p
                where p.classid = 'pg_class'::regclass and p.refclassid = 'pg_class'::regclass
                  and p.refobjsubid > 0 and p.deptype in ('a', 'i')
             ), drawn as (
                select f.adrelid as tbl, f.adnum::int4 as col, p.refobjid as seq
                from pg_attrdef f
                join pg_depend p on p.classid = 'pg_attrdef'::regclass and p.objid = f.oid
                    and p.refclassid = 'pg_class'::regclass and p.deptype = 'n'
             ), used as (
                select tbl, col, seq, bool_or(owned) as owned, bool_or(drawn) as drawn
                from (select tbl, col, seq, true as owned, drawn from owned
                      union all select tbl, col, seq, false, true from drawn) u
                group by tbl, col, seq
             )
             select u.tbl, u.col, n.nspname::text, s.relname::text, t.typname::text,
                    q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle, u.owned
             from used u
             join pg_class c on c.oid = u.tbl and c.relnamespace = any($1)
             join pg_class s on s.oid = u.seq and s.relkind = 'S'
             join pg_namespace n on n.oid = s.relnamespace
             join pg_sequence q on q.seqrelid = s.oid
             join pg_type t on t.oid = q.seqtypid
             order by u.drawn, u.owned, n.nspname collate \"C\" desc, s.relname collate \"C\" desc",
        )?;
        for row in rows {
            let (oid, number): (u32, i32) = (row.try_get(0)?, row.try_get(1)?);
            let Some(name) = i16::try_from(number).ok().and_then(|number| self.columns.get(&(oid, number)))
            else {
                continue;
            };
            let ty: String = row.try_get(4)?;
            let (lowest, highest) = match ty.as_str() {
                "int2" => (i64::from(i16::MIN), i64::from(i16::MAX)),
                "int4" => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (i64::MIN, i64::MAX),
            };
            let increment: i64 = row.try_get(6)?;
            let (min, max): (i64, i64) = (row.try_get(7)?, row.try_get(8)?);
            let (usual_start, usual_min, usual_max) =
                if increment > 0 { (min, 1, highest) } else { (max, lowest, -1) };
            let unless = |value: i64, usual: i64| (value != usual).then_some(value);
            let sequence = Sequence {
                schema: row.try_get(2)?,
                name: row.try_get(3)?,
                ty,
                start: unless(row.try_get(5)?, usual_start),
                increment: unless(increment, 1),
                min: unless(min, usual_min),
                max: unless(max, usual_max),
                cache: unless(row.try_get(9)?, 1),
                cycle: row.try_get(10)?,
                not_owned: !row.try_get::<_, bool>(11)?,
            };
            // A column can have several. The last one here stays: one that is drawn from before one that is
            // only owned, then the first by name.
            if let Some(column) = self
                .tables
                .get_mut(&oid)
                .and_then(|table| table.columns.iter_mut().find(|column| column.name == *name))
            {
                column.sequence = Some(sequence);
            }
        }
        Ok(())
    }

    fn read_parents(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let rows = session.query(
            "select i.inhrelid, n.nspname::text, p.relname::text, c.relispartition,
                    pg_get_expr(c.relpartbound, c.oid)
             from pg_inherits i
             join pg_class c on c.oid = i.inhrelid and c.relnamespace = any($1)
                 and c.relkind in ('r','p','f')
             join pg_class p on p.oid = i.inhparent
             join pg_namespace n on n.oid = p.relnamespace
             order by i.inhrelid, i.inhseqno",
        )?;
        for row in rows {
            let Some(table) = self.table(row.try_get(0)?) else { continue };
            let (schema, name): (String, String) = (row.try_get(1)?, row.try_get(2)?);
            if row.try_get(3)? {
                let bound = row.try_get::<_, Option<&str>>(4)?.map(expression::canonical).unwrap_or_default();
                table.partition_of = Some(PartitionOf { schema, name, bound });
                // From Postgres 17 on partitions have the identity of their root, before they have none.
                for column in table.columns.iter_mut().filter(|column| column.identity.is_some()) {
                    column.identity = None;
                    column.sequence = None;
                }
            } else {
                table.inherits.push(QualifiedName::new(schema, name));
            }
        }
        Ok(())
    }
}

fn read_tables(session: &mut Session<'_>) -> Result<BTreeMap<u32, Table>, Error> {
    // What our own installation switched on was off in the user's schema.
    let rows = session.query(&format!(
        "select c.oid, n.nspname::text, c.relname::text, c.relkind::text, d.description, c.relpersistence::text,
                on_.nspname::text, ot.typname::text,
                case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
                c.relrowsecurity and not exists (select from pg_policy o where o.polrelid = c.oid
                  and o.polname = '{SWITCHED_ON}'),
                c.relforcerowsecurity
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         left join pg_type ot on ot.oid = c.reloftype
         left join pg_namespace on_ on on_.oid = ot.typnamespace
         left join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = c.oid and d.objsubid = 0
         where c.relnamespace = any($1) and c.relkind in ('r','p','v','m','f')
           and not exists (select from pg_depend p where p.classid = 'pg_class'::regclass and p.objid = c.oid
               and p.refclassid = 'pg_extension'::regclass and p.deptype = 'e')"
    ))?;
    let mut tables = BTreeMap::new();
    for row in rows {
        let (schema, name): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let kind = match row.try_get(3)? {
            "p" => TableKind::PartitionedTable,
            "v" => TableKind::View,
            "m" => TableKind::MaterializedView,
            "f" => TableKind::ForeignTable,
            _ => TableKind::Table,
        };
        let mut table = Table::new(schema, name, kind);
        table.comment = row.try_get(4)?;
        if row.try_get::<_, &str>(5)? == "u" {
            table.persistence = Persistence::Unlogged;
        }
        let of_type = row.try_get::<_, Option<String>>(6)?.zip(row.try_get::<_, Option<String>>(7)?);
        table.of_type = of_type.map(|(schema, name)| QualifiedName::new(schema, name));
        table.partition_by = row.try_get::<_, Option<&str>>(8)?.map(expression::canonical);
        table.row_security = match (row.try_get(9)?, row.try_get(10)?) {
            (false, false) => RowSecurity::Disabled,
            (true, false) => RowSecurity::Enabled,
            (true, true) => RowSecurity::Forced,
            (false, true) => RowSecurity::DisabledForced,
        };
        tables.insert(row.try_get(0)?, table);
    }
    Ok(tables)
}
