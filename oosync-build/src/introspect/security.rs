//! `pg_policy` and `pg_trigger`: who may see what, and what runs on a write.

use super::relations::Relations;
use super::session::Session;
use super::{Error, expression};
use crate::facts::{
    Policy, PolicyCommand, QualifiedName, Trigger, TriggerEnabled, TriggerEvent, TriggerLevel, TriggerTiming,
};

pub(super) fn read(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    read_policies(session, relations)?;
    read_triggers(session, relations)
}

fn read_policies(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    // Policies of our own are no part of the user's schema.
    let rows = session.query(
        "select p.polrelid, p.polname::text, p.polcmd::text, p.polpermissive,
                array(select case r when 0 then 'public' else pg_get_userbyid(r)::text end from unnest(p.polroles) r),
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
         from pg_policy p
         join pg_class c on c.oid = p.polrelid and c.relnamespace = any($1)
         where not starts_with(coalesce(obj_description(p.oid, 'pg_policy'), ''), 'made by oosync: ')",
    )?;
    for row in rows {
        let Some(table) = relations.table(row.try_get(0)?) else { continue };
        let name: String = row.try_get(1)?;
        table.policies.push(Policy {
            command: match row.try_get(2)? {
                "*" => PolicyCommand::All,
                "r" => PolicyCommand::Select,
                "a" => PolicyCommand::Insert,
                "w" => PolicyCommand::Update,
                "d" => PolicyCommand::Delete,
                code => {
                    return Err(Error::Unknown {
                        what: format!("the command `{code}` of the policy {name}"),
                    });
                }
            },
            restrictive: !row.try_get::<_, bool>(3)?,
            roles: row.try_get(4)?,
            using: row.try_get::<_, Option<&str>>(5)?.map(expression::canonical),
            with_check: row.try_get::<_, Option<&str>>(6)?.map(expression::canonical),
            name,
        });
    }
    Ok(())
}

fn read_triggers(session: &mut Session<'_>, relations: &mut Relations) -> Result<(), Error> {
    // Clones on partitions have a parent. Our own capture triggers are no part of the user's schema.
    let rows = session.query(
        "select t.tgrelid, t.tgname::text, t.tgtype, t.tgenabled::text, t.tgattr::int2[],
                pg_get_triggerdef(t.oid, false), n.nspname::text, f.proname::text,
                t.tgconstraint <> 0, t.tgdeferrable, t.tginitdeferred
         from pg_trigger t
         join pg_class c on c.oid = t.tgrelid and c.relnamespace = any($1)
         join pg_proc f on f.oid = t.tgfoid
         join pg_namespace n on n.oid = f.pronamespace
         where not t.tgisinternal and t.tgparentid = 0 and n.nspname <> 'oosync'",
    )?;
    for row in rows {
        let oid: u32 = row.try_get(0)?;
        if !relations.contains(oid) {
            continue;
        }
        // Source: the `TRIGGER_TYPE_*` bits of Postgres' `pg_trigger.h`.
        let bits: i16 = row.try_get(2)?;
        let events = [
            (4, TriggerEvent::Insert),
            (16, TriggerEvent::Update),
            (8, TriggerEvent::Delete),
            (32, TriggerEvent::Truncate),
        ];
        let mut numbers = row.try_get::<_, Vec<i16>>(4)?;
        numbers.sort_unstable();
        // Conditions and arguments can be had only from the whole statement: `pg_get_expr` does not know the
        // rows of a trigger, and arguments are stored in the database's encoding.
        let definition: &str = row.try_get(5)?;
        let (condition, arguments) = expression::trigger_parts(definition)
            .ok_or_else(|| Error::Unknown { what: format!("the form of the trigger {definition:?}") })?;
        let trigger = Trigger {
            name: row.try_get(1)?,
            timing: match bits & (2 | 64) {
                2 => TriggerTiming::Before,
                64 => TriggerTiming::InsteadOf,
                _ => TriggerTiming::After,
            },
            events: events.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, event)| *event).collect(),
            columns: relations.columns(oid, &numbers)?,
            level: if bits & 1 != 0 { TriggerLevel::Row } else { TriggerLevel::Statement },
            condition,
            function: QualifiedName::new(row.try_get::<_, String>(6)?, row.try_get::<_, String>(7)?),
            arguments,
            constraint: row.try_get(8)?,
            deferrable: row.try_get(9)?,
            initially_deferred: row.try_get(10)?,
            enabled: match row.try_get(3)? {
                "D" => TriggerEnabled::Disabled,
                "R" => TriggerEnabled::Replica,
                "A" => TriggerEnabled::Always,
                _ => TriggerEnabled::Origin,
            },
        };
        if let Some(table) = relations.table(oid) {
            table.triggers.push(trigger);
        }
    }
    Ok(())
}
