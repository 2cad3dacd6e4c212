//! `pg_type` and its kin: every type that the chosen schemas define or their columns reach.

use std::collections::{BTreeMap, HashMap};

use super::session::Session;
use super::{Error, expression};
use crate::facts::types::default_multirange_name;
use crate::facts::{Attribute, Composite, Domain, DomainCheck, Enum, Facts, QualifiedName, Range, TypeRef};

/// Types by OID.
pub(super) struct Types {
    by_oid: HashMap<u32, Type>,
}

struct Type {
    schema: String,
    name: String,
    kind: String,
    extension: Option<String>,
    /// Of a true array type; 0 otherwise.
    element: u32,
    base: Base,
    not_null: bool,
    default: Option<String>,
    collation: Option<QualifiedName>,
    /// The `pg_class` row of a composite type; 0 otherwise.
    relation: u32,
    comment: Option<String>,
}

/// What a domain is made from.
struct Base {
    oid: u32,
    modifier: i32,
    dimensions: i32,
    /// `format_type` of the base where its modifier is the type's own affair.
    formatted: Option<String>,
}

impl Types {
    pub(super) fn read(session: &mut Session<'_>) -> Result<Self, Error> {
        let multirange = session.since(14, "r.rngmultitypid", "0::oid");
        let sql = format!(
            "with recursive ranges as (
                select r.rngtypid, r.rngsubtype, {multirange} as rngmultitypid from pg_range r
            ), reached(oid) as (
                select a.atttypid from pg_attribute a join pg_class c on c.oid = a.attrelid
                where c.relnamespace = any($1) and c.relkind in ('r','p','v','m','f','c')
                  and a.attnum > 0 and not a.attisdropped
              union
                select t.oid from pg_type t left join pg_class c on c.oid = t.typrelid
                where t.typnamespace = any($1)
                  and (t.typtype in ('e','d','r') or t.typtype = 'c' and c.relkind = 'c')
                  and not exists (select from pg_depend p
                      where p.refclassid = 'pg_extension'::regclass and p.deptype = 'e'
                        and (p.classid = 'pg_type'::regclass and p.objid = t.oid
                             or p.classid = 'pg_class'::regclass and p.objid = c.oid))
              union
                select next.oid from reached join pg_type t on t.oid = reached.oid
                cross join lateral (
                    select t.typelem as oid where t.typelem <> 0 and t.typcategory = 'A'
                    union all select t.typbasetype where t.typtype = 'd'
                    union all select rngsubtype from ranges where rngtypid = t.oid
                    union all select rngtypid from ranges where rngmultitypid = t.oid
                    union all select a.atttypid from pg_attribute a
                        where a.attrelid = t.typrelid and t.typrelid <> 0 and a.attnum > 0 and not a.attisdropped
                ) next
            )
            select t.oid, n.nspname::text, t.typname::text, t.typtype::text, x.extname::text,
                   case when e.oid is null then 0::oid else t.typelem end,
                   t.typbasetype, t.typtypmod, t.typndims,
                   case when t.typtypmod >= 0 and b.typnamespace <> 'pg_catalog'::regnamespace
                        then format_type(t.typbasetype, t.typtypmod) end,
                   t.typnotnull, pg_get_expr(t.typdefaultbin, 0), cn.nspname::text, co.collname::text,
                   t.typrelid, d.description
            from pg_type t
            join pg_namespace n on n.oid = t.typnamespace
            left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
            left join pg_type b on b.oid = t.typbasetype
            -- From Postgres 17 on only the relation of a row type belongs to the extension, before both do.
            left join lateral (
                select x.extname from pg_depend p join pg_extension x on x.oid = p.refobjid
                where p.refclassid = 'pg_extension'::regclass and p.deptype = 'e'
                  and (p.classid = 'pg_type'::regclass and p.objid = t.oid
                       or p.classid = 'pg_class'::regclass and p.objid = t.typrelid and t.typrelid <> 0)
                limit 1
            ) x on true
            left join pg_collation co on co.oid = t.typcollation and t.typcollation <> b.typcollation
            left join pg_namespace cn on cn.oid = co.collnamespace
            left join pg_description d on d.classoid = 'pg_type'::regclass and d.objoid = t.oid and d.objsubid = 0
            where t.oid in (select oid from reached)"
        );
        let mut by_oid = HashMap::new();
        for row in session.query(&sql)? {
            let collation = row.try_get::<_, Option<String>>(12)?.zip(row.try_get::<_, Option<String>>(13)?);
            let ty = Type {
                schema: row.try_get(1)?,
                name: row.try_get(2)?,
                kind: row.try_get(3)?,
                extension: row.try_get(4)?,
                element: row.try_get(5)?,
                base: Base {
                    oid: row.try_get(6)?,
                    modifier: row.try_get(7)?,
                    dimensions: row.try_get(8)?,
                    formatted: row.try_get(9)?,
                },
                not_null: row.try_get(10)?,
                default: row.try_get::<_, Option<String>>(11)?.map(|text| expression::canonical(&text)),
                collation: collation.map(|(schema, name)| QualifiedName::new(schema, name)),
                relation: row.try_get(14)?,
                comment: row.try_get(15)?,
            };
            by_oid.insert(row.try_get(0)?, ty);
        }
        Ok(Self { by_oid })
    }

    /// The reference to a type with its modifier taken apart.
    ///
    /// `formatted` is what `format_type` says of a type that is not built in and has a modifier.
    pub(super) fn reference(
        &self,
        oid: u32,
        modifier: i32,
        dimensions: i32,
        formatted: Option<&str>,
    ) -> Result<TypeRef, Error> {
        let find = |oid| {
            self.by_oid
                .get(&oid)
                .ok_or_else(|| Error::Unknown { what: format!("the type with the OID {oid}") })
        };
        let mut ty = find(oid)?;
        let mut reference = TypeRef::default();
        if ty.element != 0 {
            // Postgres does not enforce the number and drops it from views: any array has at least one.
            reference.dimensions = u32::try_from(dimensions).unwrap_or(0).max(1);
            ty = find(ty.element)?;
        }
        reference.schema.clone_from(&ty.schema);
        reference.name.clone_from(&ty.name);
        reference.extension.clone_from(&ty.extension);
        if modifier >= 0 {
            apply_modifier(&mut reference, modifier, formatted);
        }
        Ok(reference)
    }

    /// Adds what is to be said of the user-defined types to `facts`; `is_table` knows the tables of the snapshot
    /// by OID.
    pub(super) fn describe(
        &self,
        session: &mut Session<'_>,
        is_table: impl Fn(u32) -> bool,
        facts: &mut Facts,
    ) -> Result<(), Error> {
        let described: BTreeMap<u32, &Type> = self
            .by_oid
            .iter()
            .filter(|(_, ty)| ty.schema != "pg_catalog" && ty.element == 0)
            // A table's row type is the table.
            .filter(|(_, ty)| ty.relation == 0 || !is_table(ty.relation))
            .map(|(oid, ty)| (*oid, ty))
            .collect();
        let of_kind = |kind: &str| -> Vec<u32> {
            described.iter().filter(|(_, ty)| ty.kind == kind).map(|(oid, _)| *oid).collect()
        };
        let mut labels = read_labels(session, &of_kind("e"))?;
        let mut checks = read_domain_checks(session, &of_kind("d"))?;
        let relation_oids: Vec<u32> =
            of_kind("c").iter().filter_map(|oid| described.get(oid)).map(|ty| ty.relation).collect();
        let mut attributes = self.read_attributes(session, &relation_oids)?;
        let mut ranges = self.read_ranges(session, &of_kind("r"))?;
        for (oid, ty) in described {
            let (schema, name) = (ty.schema.clone(), ty.name.clone());
            let (extension, comment) = (ty.extension.clone(), ty.comment.clone());
            match ty.kind.as_str() {
                "e" => facts.enums.push(Enum {
                    schema,
                    name,
                    extension,
                    comment,
                    labels: labels.remove(&oid).unwrap_or_default(),
                }),
                "d" => facts.domains.push(Domain {
                    schema,
                    name,
                    extension,
                    comment,
                    base: self.reference(
                        ty.base.oid,
                        ty.base.modifier,
                        ty.base.dimensions,
                        ty.base.formatted.as_deref(),
                    )?,
                    not_null: ty.not_null,
                    default: ty.default.clone(),
                    collation: ty.collation.clone(),
                    checks: checks.remove(&oid).unwrap_or_default(),
                }),
                "c" => facts.composites.push(Composite {
                    schema,
                    name,
                    extension,
                    comment,
                    attributes: attributes.remove(&ty.relation).unwrap_or_default(),
                }),
                "r" => {
                    if let Some((subtype, collation, multirange)) = ranges.remove(&oid) {
                        let usual = QualifiedName::new(&schema, default_multirange_name(&name));
                        let multirange = multirange.filter(|chosen| *chosen != usual);
                        facts.ranges.push(Range {
                            schema,
                            name,
                            extension,
                            comment,
                            subtype,
                            collation,
                            multirange,
                        });
                    }
                }
                // Base types and pseudo-types have nothing to say but their name; a multirange is its range.
                _ => {}
            }
        }
        Ok(())
    }

    fn read_attributes(
        &self,
        session: &mut Session<'_>,
        relations: &[u32],
    ) -> Result<HashMap<u32, Vec<Attribute>>, Error> {
        let rows = session.query_for(
            "select a.attrelid, a.attname::text, a.atttypid, a.atttypmod, a.attndims::int4,
                    case when a.atttypmod >= 0 and t.typnamespace <> 'pg_catalog'::regnamespace
                         then format_type(a.atttypid, a.atttypmod) end,
                    cn.nspname::text, co.collname::text, d.description
             from pg_attribute a
             join pg_type t on t.oid = a.atttypid
             left join pg_collation co on co.oid = a.attcollation and a.attcollation <> t.typcollation
             left join pg_namespace cn on cn.oid = co.collnamespace
             left join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = a.attrelid
                 and d.objsubid = a.attnum
             where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
             order by a.attrelid, a.attnum",
            relations,
        )?;
        let mut attributes: HashMap<u32, Vec<Attribute>> = HashMap::new();
        for row in rows {
            let formatted: Option<String> = row.try_get(5)?;
            let collation = row.try_get::<_, Option<String>>(6)?.zip(row.try_get::<_, Option<String>>(7)?);
            attributes.entry(row.try_get(0)?).or_default().push(Attribute {
                name: row.try_get(1)?,
                ty: self.reference(
                    row.try_get(2)?,
                    row.try_get(3)?,
                    row.try_get(4)?,
                    formatted.as_deref(),
                )?,
                collation: collation.map(|(schema, name)| QualifiedName::new(schema, name)),
                comment: row.try_get(8)?,
            });
        }
        Ok(attributes)
    }

    fn read_ranges(
        &self,
        session: &mut Session<'_>,
        ranges: &[u32],
    ) -> Result<HashMap<u32, RangeParts>, Error> {
        let multirange = session.since(14, "r.rngmultitypid", "0::oid");
        let sql = format!(
            "select r.rngtypid, r.rngsubtype, cn.nspname::text, co.collname::text, mn.nspname::text, m.typname::text
             from pg_range r
             join pg_type s on s.oid = r.rngsubtype
             left join pg_collation co on co.oid = r.rngcollation and r.rngcollation <> s.typcollation
             left join pg_namespace cn on cn.oid = co.collnamespace
             left join pg_type m on m.oid = {multirange}
             left join pg_namespace mn on mn.oid = m.typnamespace
             where r.rngtypid = any($1)"
        );
        let mut parts = HashMap::new();
        for row in session.query_for(&sql, ranges)? {
            let name = |schema: usize| -> Result<Option<QualifiedName>, Error> {
                let parts = row
                    .try_get::<_, Option<String>>(schema)?
                    .zip(row.try_get::<_, Option<String>>(schema + 1)?);
                Ok(parts.map(|(schema, name)| QualifiedName::new(schema, name)))
            };
            let subtype = self.reference(row.try_get(1)?, -1, 0, None)?;
            parts.insert(row.try_get(0)?, (subtype, name(2)?, name(4)?));
        }
        Ok(parts)
    }
}

/// Subtype, collation, multirange type.
type RangeParts = (TypeRef, Option<QualifiedName>, Option<QualifiedName>);

fn read_labels(session: &mut Session<'_>, enums: &[u32]) -> Result<HashMap<u32, Vec<String>>, Error> {
    let rows = session.query_for(
        "select enumtypid, enumlabel::text from pg_enum where enumtypid = any($1) order by enumtypid, enumsortorder",
        enums,
    )?;
    let mut labels: HashMap<u32, Vec<String>> = HashMap::new();
    for row in rows {
        labels.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    Ok(labels)
}

fn read_domain_checks(
    session: &mut Session<'_>,
    domains: &[u32],
) -> Result<HashMap<u32, Vec<DomainCheck>>, Error> {
    // From Postgres 17 on NOT NULL is a constraint too; the flag of the domain says it on every major.
    let rows = session.query_for(
        "select contypid, conname::text, pg_get_expr(conbin, 0), convalidated
         from pg_constraint where contypid = any($1) and contype = 'c'",
        domains,
    )?;
    let mut checks: HashMap<u32, Vec<DomainCheck>> = HashMap::new();
    for row in rows {
        checks.entry(row.try_get(0)?).or_default().push(DomainCheck {
            name: row.try_get(1)?,
            expression: expression::canonical(row.try_get(2)?),
            not_valid: !row.try_get::<_, bool>(3)?,
        });
    }
    Ok(checks)
}

/// Takes a type modifier apart, as the types' own `typmodout` functions do.
///
/// Source: Postgres' `varchar.c`, `varbit.c`, `numeric.c` (`numeric_typmod_scale`), `timestamp.c`
/// (`intervaltypmodout`). The offset of 4 is the size of a varlena header.
fn apply_modifier(reference: &mut TypeRef, modifier: i32, formatted: Option<&str>) {
    const HEADER: i32 = 4;
    let unsigned = |value: i32| u32::try_from(value).ok();
    if reference.schema != "pg_catalog" {
        // `public.geometry(Point,4326)[]`: no modifier in use has parentheses of its own.
        reference.modifier = formatted.and_then(|text| {
            let (_, rest) = text.rsplit_once('(')?;
            let (modifier, _) = rest.rsplit_once(')')?;
            Some(modifier.to_owned())
        });
        return;
    }
    match reference.name.as_str() {
        "varchar" | "bpchar" => reference.length = unsigned(modifier - HEADER),
        "bit" | "varbit" => reference.length = unsigned(modifier),
        "numeric" => {
            let packed = modifier - HEADER;
            reference.precision = unsigned((packed >> 16) & 0xffff);
            // Eleven bits, signed.
            reference.scale = Some(((packed & 0x7ff) ^ 1024) - 1024);
        }
        "time" | "timetz" | "timestamp" | "timestamptz" => reference.precision = unsigned(modifier),
        "interval" => {
            reference.precision = unsigned(modifier & 0xffff).filter(|precision| *precision != 0xffff);
            reference.fields = interval_fields((modifier >> 16) & 0x7fff).map(str::to_owned);
        }
        _ => {}
    }
}

/// Source: `INTERVAL_MASK` and the field numbers of Postgres' `datetime.h`.
fn interval_fields(mask: i32) -> Option<&'static str> {
    const MONTH: i32 = 1 << 1;
    const YEAR: i32 = 1 << 2;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    const FIELDS: [(i32, &str); 13] = [
        (YEAR, "year"),
        (MONTH, "month"),
        (DAY, "day"),
        (HOUR, "hour"),
        (MINUTE, "minute"),
        (SECOND, "second"),
        (YEAR | MONTH, "year to month"),
        (DAY | HOUR, "day to hour"),
        (DAY | HOUR | MINUTE, "day to minute"),
        (DAY | HOUR | MINUTE | SECOND, "day to second"),
        (HOUR | MINUTE, "hour to minute"),
        (HOUR | MINUTE | SECOND, "hour to second"),
        (MINUTE | SECOND, "minute to second"),
    ];
    // The full range, and none at all, are no restriction.
    FIELDS.iter().find(|(fields, _)| *fields == mask).map(|(_, text)| *text)
}
