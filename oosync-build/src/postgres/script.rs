//! Everything as SQL that is run by hand or by another tool.
//!
//! It does what `cargo oosync migrate --apply` does, but for telling what need not be touched: everything is made anew.

use std::fmt::Write as _;

use super::{FORMAT, Installation, Object, dollar_quoted, ident, literal};

/// What Postgres shows of an object, as SQL over a row `o` of `oosync.object`; null where there is no such thing. What
/// it shows depends on `search_path`, which is empty.
pub(super) const SHOWN: &str = include_str!("sql/shown.sql");

/// Who begins and ends the transaction that a script runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// The script.
    Transaction,
    /// The tool that runs it; settings are put back at the end.
    None,
}

/// Stops where schema `oosync` is somebody else's, or was made by a newer version.
pub(super) fn guard() -> String {
    format!(
        "do $oosync$\nbegin\n  \
         if to_regclass('oosync.meta') is not null then\n    \
         if (select m.format from oosync.meta m) > {FORMAT} then\n      \
         raise exception 'this database was installed by a newer oosync' using hint = 'upgrade oosync';\n    end if;\n  \
         elsif exists (select from pg_catalog.pg_class c where c.relnamespace = to_regnamespace('oosync')) then\n    \
         raise exception 'the schema oosync was not made by oosync' using hint = 'rename it';\n  \
         end if;\nend\n$oosync$;\n"
    )
}

/// Stops where roles are missing, or would lose rows.
fn guard_roles(installation: &Installation) -> String {
    let role = &installation.server_role;
    let mut body = format!(
        "\ndeclare\n  lost text;\nbegin\n  \
         if not exists (select from pg_catalog.pg_roles r where r.rolname = {}) then\n    \
         raise exception using message = {}, hint = {};\n  end if;\n",
        literal(role),
        literal(&format!("the role {role}, as which the sync server logs in, does not exist")),
        literal(&format!("create role {} login", ident(role))),
    );
    if let Some(exposed) = &installation.exposed_roles {
        let _ = write!(
            body,
            "  select string_agg(distinct e.role, ', ') into lost from (\n{exposed}\n  ) e;\n  \
             if lost is not null then\n    \
             raise exception using message = 'row-level security would hide every row from: ' || lost, \
             hint = 'name each in Oosync.toml: [row_security] keep, or accept';\n  end if;\n"
        );
    }
    body.push_str("end\n");
    format!("do {};\n", dollar_quoted("oosync", &body))
}

/// Removes what is in the registry and meets `condition` over its row `o`, in the reverse order in which it was made.
/// What it stood on may be gone already.
pub(super) fn remove_where(condition: &str) -> String {
    format!(
        "do $remove$\ndeclare\n  gone record;\nbegin\n  \
         for gone in select o.identity, o.undo from oosync.object o\n    \
         where o.undo is not null and {condition}\n    \
         order by array_position(array['policy', 'trigger', 'privileges', 'grant', 'row security', 'function'], o.kind), o.place desc\n  loop\n    \
         begin\n      execute gone.undo;\n    \
         exception when undefined_table or undefined_object or undefined_function or undefined_column or invalid_schema_name then\n      null;\n    \
         end;\n    delete from oosync.object where identity = gone.identity;\n  end loop;\nend\n$remove$;\n"
    )
}

/// Writes an object into the registry; `place` is its place in the order.
pub(super) fn record(object: &Object, place: usize) -> String {
    let optional = |text: Option<String>| text.map_or("null".to_owned(), |text| literal(&text));
    format!(
        "({}, {}, {}, {}, {place}, {}, {})",
        literal(&object.identity()),
        literal(object.kind.word()),
        literal(&object.name),
        optional(object.relation().map(super::table_name)),
        literal(&object.hash()),
        optional(object.undo_sql()),
    )
}

pub(super) const RECORD: &str =
    "insert into oosync.object (identity, kind, name, relation, place, hash, undo) values\n";
pub(super) const RECORD_AGAIN: &str = "\non conflict (identity) do update set place = excluded.place, hash = excluded.hash, undo = excluded.undo;\n";

/// What goes into `oosync.object.made`: comparable only on one major of the server.
pub(super) fn made() -> String {
    format!(
        "current_setting('server_version_num')::int4 / 10000 || ' ' || \
         encode(sha256(convert_to({SHOWN}, 'UTF8')), 'hex')"
    )
}

impl Installation {
    /// SQL that makes everything and removes what an earlier plan needed, with comments for whoever reads it. It can be
    /// run again, over the same version and older ones.
    pub fn script(&self, wrapping: Wrapping) -> String {
        let hash = &self.schema_hash[..self.schema_hash.len().min(12)];
        let version = env!("CARGO_PKG_VERSION");
        let mut sql = format!(
            "-- What oosync needs in this database: a log of which rows changed for whom, in a schema of its own, and the\n\
             -- triggers that fill it. Made by `cargo oosync migrate` {version} for the schema {hash}; do not edit it.\n\
             --\n\
             -- It can be run again, over the same version and older ones. Writers wait for a moment: each table is locked\n\
             -- from where its triggers are made until the end.\n\
             --\n\
             -- To remove everything:       cargo oosync migrate --uninstall\n\
             -- To see whether it is there: cargo oosync migrate --check\n"
        );
        match wrapping {
            Wrapping::Transaction => sql.push_str(
                "--\n-- It is one transaction. A tool that begins its own wants `cargo oosync migrate --no-transaction`.\n\n\
                 begin;\nset local lock_timeout = '5s';\nset local client_min_messages = warning;\nset local search_path = '';\n",
            ),
            Wrapping::None => sql.push_str(
                "--\n-- To be run in one transaction, which the tool begins that runs it, with a lock_timeout of a few seconds.\n\n\
                 select set_config('oosync.search_path', current_setting('search_path'), true),\n  \
                 set_config('search_path', '', true);\n",
            ),
        }
        sql.push_str("select pg_advisory_xact_lock(8101991, 2);\n\n");
        sql.push_str(&guard());
        sql.push_str(&guard_roles(self));
        sql.push('\n');
        sql.push_str(&self.install_sql());
        sql.push_str(
            "-- What is installed, and how Postgres shows it: an upgrade knows by it what to touch.\n",
        );
        let records: Vec<_> =
            self.objects.iter().enumerate().map(|(place, object)| record(object, place)).collect();
        let _ = write!(sql, "{RECORD}  {}{RECORD_AGAIN}", records.join(",\n  "));
        sql.push_str("\n-- What an earlier plan needed goes.\n");
        let kept: Vec<_> = self.objects.iter().map(|object| literal(&object.identity())).collect();
        sql.push_str(&remove_where(&format!("o.identity not in (\n      {})", kept.join(",\n      "))));
        let update = format!(
            "\nbegin\n  perform set_config('search_path', '', true);\n  update oosync.object o set made = {};\n  \
             perform set_config('search_path', was, true);\nend\n",
            made()
        );
        let _ = writeln!(
            sql,
            "\ndo {};",
            dollar_quoted(
                "oosync",
                &format!("\ndeclare\n  was text := current_setting('search_path');{update}")
            )
        );
        let _ = writeln!(sql, "update oosync.meta set format = {FORMAT} where format < {FORMAT};");
        let _ = writeln!(
            sql,
            "\n-- What devices of this schema have to know of it.\nselect oosync.register_manifest({}, {});",
            literal(&self.schema_hash),
            literal(&self.manifest.to_string()),
        );
        sql.push_str(match wrapping {
            Wrapping::Transaction => "\ncommit;\n",
            Wrapping::None => {
                "\nselect set_config('search_path', current_setting('oosync.search_path'), true);\n"
            }
        });
        sql
    }
}

/// SQL that removes whatever version is installed, and leaves the tables as they were; of any plan, since the database
/// says itself what is there. Nothing happens where nothing is installed.
pub fn uninstall_script(wrapping: Wrapping) -> String {
    let mut sql = "-- Removes oosync from this database: triggers, policies, privileges, and the schema oosync with the log of\n\
                   -- changes. Devices start anew with a full copy if it is installed again; their own changes are on the devices.\n\n"
        .to_owned();
    if wrapping == Wrapping::Transaction {
        sql.push_str("begin;\nset local lock_timeout = '5s';\n\n");
    }
    sql.push_str(&remove());
    if wrapping == Wrapping::Transaction {
        sql.push_str("\ncommit;\n");
    }
    sql
}

/// Removes everything; nothing where nothing is installed.
pub(super) fn remove() -> String {
    let guard = guard();
    format!(
        "{guard}do $install$\nbegin\n  if to_regclass('oosync.object') is not null then\n    execute {};\n  end if;\nend\n$install$;\n\
         do $oosync$\nbegin\n  if to_regnamespace('oosync') is not null then\n    \
         set local client_min_messages = warning;\n    drop schema oosync cascade;\n  end if;\nend\n$oosync$;\n",
        dollar_quoted("all", &remove_where("true")),
    )
}
