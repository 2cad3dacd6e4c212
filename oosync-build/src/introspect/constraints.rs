//! `pg_index` and `pg_constraint`: keys, indexes, foreign keys, checks, exclusions.

use postgres::Row;

use super::relations::Relations;
use super::session::Session;
use super::{Error, expression};
use crate::facts::{
    Check, Exclusion, ExclusionElement, ForeignKey, Index, IndexKey, IndexKeyDetail, MatchType, PrimaryKey,
    QualifiedName, Reference, ReferentialAction, UniqueKey,
};

pub(super) fn read(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    read_indexes(session, relations)?;
    read_foreign_keys(session, relations)?;
    read_checks(session, relations)
}

fn read_indexes(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    let nulls_not_distinct = session.since(15, "i.indnullsnotdistinct", "false");
    let period = session.since(18, "coalesce(k.conperiod, false)", "false");
    // Operator classes, collations and operators are named only where a key does not have the usual ones.
    let sql = format!(
        "select i.indrelid, c.relname::text, m.amname::text, i.indisprimary, i.indisunique, i.indisvalid,
                {nulls_not_distinct}, i.indnkeyatts, i.indkey::int2[], i.indoption::int2[],
                case when i.indexprs is not null then
                    array(select pg_get_indexdef(i.indexrelid, g, false) from generate_series(1, i.indnkeyatts) g) end,
                array(select case when x.coll <> 0 and x.coll <> coalesce(a.attcollation, 'pg_catalog.default'::regcollation)
                          then array_to_json(array[cn.nspname, co.collname])::text end
                      from unnest(i.indcollation::oid[], i.indkey::int2[]) with ordinality x(coll, att, nr)
                      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.att and x.att <> 0
                      left join pg_collation co on co.oid = x.coll
                      left join pg_namespace cn on cn.oid = co.collnamespace
                      where x.nr <= i.indnkeyatts order by x.nr),
                array(select case when not oc.opcdefault then array_to_json(array[onn.nspname, oc.opcname])::text end
                      from unnest(i.indclass::oid[]) with ordinality x(class, nr)
                      join pg_opclass oc on oc.oid = x.class join pg_namespace onn on onn.oid = oc.opcnamespace
                      order by x.nr),
                pg_get_expr(i.indpred, i.indrelid),
                k.contype::text, coalesce(k.condeferrable, false), coalesce(k.condeferred, false), {period},
                case when k.contype = 'x' then
                    array(select case when opn.nspname = 'pg_catalog' then op.oprname::text
                              else format('OPERATOR(%I.%s)', opn.nspname, op.oprname) end
                          from unnest(k.conexclop) with ordinality x(op, nr)
                          join pg_operator op on op.oid = x.op join pg_namespace opn on opn.oid = op.oprnamespace
                          order by x.nr) end
         from pg_index i
         join pg_class t on t.oid = i.indrelid and t.relnamespace = any($1)
         join pg_class c on c.oid = i.indexrelid
         join pg_am m on m.oid = c.relam
         left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid
             and k.contype in ('p', 'u', 'x')"
    );
    for row in session.query(&sql)? {
        let oid: u32 = row.try_get(0)?;
        if !relations.contains(oid) {
            continue;
        }
        let index = IndexRow::read(&row, oid, relations)?;
        if let Some(table) = relations.table(oid) {
            match (index.constraint.as_str(), index.unique) {
                ("p", _) => table.primary_key = Some(index.into_primary_key()),
                ("x", _) => table.exclusions.push(index.into_exclusion()),
                ("u", _) | (_, true) => table.unique.push(index.into_unique_key()),
                _ => table.indexes.push(index.into_index()),
            }
        }
    }
    Ok(())
}

/// One row of `pg_index`, with names for numbers.
struct IndexRow {
    name: String,
    method: String,
    unique: bool,
    valid: bool,
    nulls_not_distinct: bool,
    keys: Vec<IndexKey>,
    include: Vec<String>,
    predicate: Option<String>,
    constraint: String,
    deferrable: bool,
    initially_deferred: bool,
    period: bool,
    operators: Vec<String>,
}

impl IndexRow {
    fn read(row: &Row, table: u32, relations: &Relations) -> Result<Self, Error> {
        let key_count = usize::try_from(row.try_get::<_, i16>(7)?).unwrap_or(0);
        let numbers: Vec<i16> = row.try_get(8)?;
        let options: Vec<i16> = row.try_get(9)?;
        let texts: Option<Vec<String>> = row.try_get(10)?;
        let collations: Vec<Option<String>> = row.try_get(11)?;
        let classes: Vec<Option<String>> = row.try_get(12)?;
        let (key_numbers, include) = numbers.split_at(key_count.min(numbers.len()));
        let mut keys = Vec::with_capacity(key_count);
        for (place, number) in key_numbers.iter().enumerate() {
            let text =
                || texts.as_ref().and_then(|texts| texts.get(place)).map(|text| expression::canonical(text));
            let option = options.get(place).copied().unwrap_or(0);
            let (descending, nulls_first) = (option & 1 != 0, option & 2 != 0);
            let detail = IndexKeyDetail {
                column: if *number == 0 { None } else { Some(relations.column(table, *number)?) },
                expression: if *number == 0 { text() } else { None },
                collation: named(collations.get(place)),
                operator_class: named(classes.get(place)),
                descending,
                nulls_first: (nulls_first != descending).then_some(nulls_first),
            };
            keys.push(detail.into());
        }
        Ok(Self {
            name: row.try_get(1)?,
            method: row.try_get(2)?,
            unique: row.try_get(4)?,
            valid: row.try_get(5)?,
            nulls_not_distinct: row.try_get(6)?,
            keys,
            include: relations.columns(table, include)?,
            predicate: row.try_get::<_, Option<&str>>(13)?.map(expression::canonical),
            constraint: row.try_get::<_, Option<String>>(14)?.unwrap_or_default(),
            deferrable: row.try_get(15)?,
            initially_deferred: row.try_get(16)?,
            period: row.try_get(17)?,
            operators: row.try_get::<_, Option<Vec<String>>>(18)?.unwrap_or_default(),
        })
    }

    fn into_primary_key(self) -> PrimaryKey {
        PrimaryKey {
            name: self.name,
            columns: self.keys.iter().filter_map(IndexKey::column).map(str::to_owned).collect(),
            include: self.include,
            deferrable: self.deferrable,
            initially_deferred: self.initially_deferred,
            without_overlaps: self.period,
        }
    }

    fn into_unique_key(self) -> UniqueKey {
        UniqueKey {
            name: self.name,
            columns: self.keys,
            index_only: self.constraint.is_empty(),
            include: self.include,
            nulls_not_distinct: self.nulls_not_distinct,
            predicate: self.predicate,
            deferrable: self.deferrable,
            initially_deferred: self.initially_deferred,
            without_overlaps: self.period,
            invalid: !self.valid,
        }
    }

    fn into_exclusion(self) -> Exclusion {
        let elements = self.keys.into_iter().zip(self.operators);
        Exclusion {
            name: self.name,
            method: self.method,
            elements: elements.map(|(key, operator)| ExclusionElement { key, operator }).collect(),
            include: self.include,
            predicate: self.predicate,
            deferrable: self.deferrable,
            initially_deferred: self.initially_deferred,
        }
    }

    fn into_index(self) -> Index {
        Index {
            name: self.name,
            method: self.method,
            columns: self.keys,
            include: self.include,
            predicate: self.predicate,
            invalid: !self.valid,
        }
    }
}

/// A name that travelled as a JSON array of schema and name: any character may occur in either.
fn named(json: Option<&Option<String>>) -> Option<QualifiedName> {
    let (schema, name): (String, String) = serde_json::from_str(json?.as_deref()?).ok()?;
    Some(QualifiedName::new(schema, name))
}

fn read_foreign_keys(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    let set_columns = session.since(15, "coalesce(k.confdelsetcols, '{}')", "'{}'::int2[]");
    let enforced = session.since(18, "k.conenforced", "true");
    let period = session.since(18, "k.conperiod", "false");
    let sql = format!(
        "select k.conrelid, k.conname::text, k.conkey, n.nspname::text, r.relname::text,
                array(select a.attname::text from unnest(k.confkey) with ordinality x(att, nr)
                      join pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.att order by x.nr),
                k.confmatchtype::text, k.confupdtype::text, k.confdeltype::text, {set_columns},
                k.condeferrable, k.condeferred, k.convalidated, {enforced}, {period}
         from pg_constraint k
         join pg_class c on c.oid = k.conrelid and c.relnamespace = any($1)
         join pg_class r on r.oid = k.confrelid
         join pg_namespace n on n.oid = r.relnamespace
         where k.contype = 'f' and k.conparentid = 0"
    );
    for row in session.query(&sql)? {
        let oid: u32 = row.try_get(0)?;
        if !relations.contains(oid) {
            continue;
        }
        let name: String = row.try_get(1)?;
        let action = |column: usize| -> Result<ReferentialAction, Error> {
            Ok(match row.try_get(column)? {
                "a" => ReferentialAction::NoAction,
                "r" => ReferentialAction::Restrict,
                "c" => ReferentialAction::Cascade,
                "n" => ReferentialAction::SetNull,
                "d" => ReferentialAction::SetDefault,
                code => return Err(Error::Unknown { what: format!("the action `{code}` of {name}") }),
            })
        };
        let key = ForeignKey {
            columns: relations.columns(oid, row.try_get::<_, Vec<i16>>(2)?.as_slice())?,
            references: Reference {
                schema: row.try_get(3)?,
                table: row.try_get(4)?,
                columns: row.try_get(5)?,
            },
            match_type: match row.try_get(6)? {
                "f" => MatchType::Full,
                "p" => MatchType::Partial,
                _ => MatchType::Simple,
            },
            on_update: action(7)?,
            on_delete: action(8)?,
            on_delete_columns: relations.columns(oid, row.try_get::<_, Vec<i16>>(9)?.as_slice())?,
            deferrable: row.try_get(10)?,
            initially_deferred: row.try_get(11)?,
            not_valid: !row.try_get::<_, bool>(12)?,
            not_enforced: !row.try_get::<_, bool>(13)?,
            period: row.try_get(14)?,
            name,
        };
        if let Some(table) = relations.table(oid) {
            table.foreign_keys.push(key);
        }
    }
    Ok(())
}

fn read_checks(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    let enforced = session.since(18, "k.conenforced", "true");
    let sql = format!(
        "select k.conrelid, k.conname::text, pg_get_expr(k.conbin, k.conrelid), k.connoinherit, k.convalidated,
                {enforced}
         from pg_constraint k
         join pg_class c on c.oid = k.conrelid and c.relnamespace = any($1)
         where k.contype = 'c'"
    );
    for row in session.query(&sql)? {
        let Some(table) = relations.table(row.try_get(0)?) else { continue };
        let enforced: bool = row.try_get(5)?;
        table.checks.push(Check {
            name: row.try_get(1)?,
            expression: expression::canonical(row.try_get(2)?),
            no_inherit: row.try_get(3)?,
            // What is not enforced is never validated either; saying so twice says nothing.
            not_valid: enforced && !row.try_get::<_, bool>(4)?,
            not_enforced: !enforced,
        });
    }
    Ok(())
}
