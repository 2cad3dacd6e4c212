//! Comparing an [`Installation`] with a database, and bringing the database up to date.
//!
//! The registry `oosync.object` holds, for each object, the hash of what made it and a hash of what Postgres showed of it
//! then. The first says what an upgrade has to touch; the second finds what somebody edited since.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Transaction};

use super::blockers::{Blocker, Watch};
use super::objects::{Kind, Object};
use super::{FORMAT, Installation, script};
use crate::diagnostic::one_line;
use crate::facts::QualifiedName;
use crate::introspect::{DatabaseUrl, describe};

/// Why a database could not be brought up to date; it is then as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A newer version installed something there.
    #[error("this database was installed by a newer oosync (format {found}, this one knows {FORMAT})")]
    Newer {
        /// The version of what is installed.
        found: i32,
    },
    /// There is a schema `oosync` that is not ours.
    #[error("the schema `oosync` of this database was not made by oosync")]
    Foreign,
    /// The role that the sync server logs in as is not there.
    #[error("the role `{role}`, as which the sync server logs in, does not exist")]
    NoRole {
        /// Its name.
        role: String,
    },
    /// Roles that read tables now would find nothing there.
    #[error("row-level security would hide every row from roles that use these tables now")]
    Exposed {
        /// Which, and where.
        roles: Vec<Exposed>,
    },
    /// A lock could not be had in time.
    #[error("{what} stayed locked by another session for {}", seconds(.timeout))]
    Locked {
        /// What was being made: `trigger "oosync_insert" on "public"."todos"`.
        what: String,
        /// How long we waited.
        timeout: Duration,
        /// Who was seen to hold it.
        blockers: Vec<Blocker>,
    },
    /// Postgres refused an object.
    #[error("{what} cannot be made: {}", describe(.source))]
    Refused {
        /// Which.
        what: String,
        /// What Postgres says.
        source: postgres::Error,
    },
    /// A query failed.
    #[error("reading what is installed failed: {}", describe(.0))]
    Query(#[from] postgres::Error),
}

/// A role that would lose every row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposed {
    /// Its name.
    pub role: String,
    /// The table as SQL.
    pub table: String,
    /// What it may do there now: `SELECT`, `INSERT`, `UPDATE`, `DELETE`.
    pub privileges: Vec<String>,
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} has {} on {}",
            one_line(self.role.clone()),
            self.privileges.join(", "),
            one_line(self.table.clone())
        )
    }
}

fn seconds(duration: &Duration) -> String {
    match duration.as_millis() {
        whole if whole % 1000 == 0 => format!("{} s", whole / 1000),
        part => format!("{part} ms"),
    }
}

impl Error {
    /// What to do about it, where there is something.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Newer { .. } => Some("upgrade oosync".to_owned()),
            Self::Foreign => Some("rename it: `alter schema oosync rename to …`".to_owned()),
            Self::Locked { blockers, .. } if blockers.is_empty() => {
                Some("whoever held it has gone by now: run it again".to_owned())
            }
            Self::Locked { .. } => {
                Some("run it again when that is over, or wait longer with `--lock-timeout`".to_owned())
            }
            Self::Refused { source, .. } => match source.code() {
                Some(&SqlState::T_R_DEADLOCK_DETECTED) => Some("run it again".to_owned()),
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Some(
                    "connect as the owner of the tables, who may create schemas in this database".to_owned(),
                ),
                Some(&SqlState::UNDEFINED_OBJECT) if source.to_string().contains("role") => {
                    Some("create the role, or name another in `[server] role` of Oosync.toml".to_owned())
                }
                _ => None,
            },
            Self::NoRole { role } => Some(format!(
                "`create role {} login`, or name another in `[server] role`",
                super::ident(role)
            )),
            Self::Exposed { roles } => {
                let names: BTreeSet<_> = roles.iter().map(|exposed| format!("{:?}", exposed.role)).collect();
                let names: Vec<_> = names.into_iter().collect();
                Some(format!(
                    "write into Oosync.toml who goes on to have every row, `[row_security] keep = [{0}]`, or who may lose them: `accept = [{0}]`",
                    names.join(", ")
                ))
            }
            Self::Query(_) => None,
        }
    }

    fn of(what: &str, source: postgres::Error, timeout: Duration) -> Self {
        match source.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Self::Locked { what: what.to_owned(), timeout, blockers: Vec::new() }
            }
            _ => Self::Refused { what: what.to_owned(), source },
        }
    }
}

/// An object as the registry of a database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstalledObject {
    /// [`Kind::word`].
    pub kind: String,
    /// Its name as SQL.
    pub name: String,
    /// The table that it stands on, as SQL.
    pub relation: Option<String>,
    /// The hash of what made it.
    pub hash: String,
    /// The major of the server and the hash of what that showed of it then.
    made: Option<String>,
    /// The same now; `None` where it is not there.
    now: Option<String>,
    /// Of a trigger, `tgenabled` of itself and of its clones on partitions.
    enabled: Option<String>,
    /// What removes it.
    undo: Option<String>,
}

/// What a database has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// Whether anything is installed.
    pub format: Option<i32>,
    /// By [`Object::identity`].
    pub objects: BTreeMap<String, InstalledObject>,
    /// The schema hash of the present manifest.
    pub manifest: Option<String>,
}

/// What is the matter with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// The plan needs it, and it was never installed.
    New,
    /// It was installed, and is not there.
    Missing,
    /// A trigger that does not fire always.
    Disabled,
    /// Somebody edited it.
    Edited,
    /// Another version or another plan made it.
    Outdated,
    /// It was made under another major of the server, which shows objects differently.
    OtherMajor,
    /// The plan does not need it any more.
    Unneeded,
}

/// An object that is not as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// [`Object::identity`].
    pub identity: String,
    /// [`Kind::word`].
    pub kind: String,
    /// The table that it stands on, as SQL.
    pub relation: Option<String>,
    /// What is the matter with it.
    pub state: State,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.identity;
        match self.state {
            State::New => write!(f, "{what} is not installed"),
            State::Missing => write!(f, "{what} was dropped"),
            State::Disabled => write!(f, "{what} is disabled, or not enabled always"),
            State::Edited => write!(f, "{what} was edited by hand"),
            State::Outdated => write!(f, "{what} is that of another plan or version"),
            State::OtherMajor => write!(f, "{what} was made under another major of Postgres"),
            State::Unneeded => write!(f, "{what} is not needed any more"),
        }
    }
}

impl Installed {
    /// Reads what a database has, without writing anything.
    ///
    /// # Errors
    ///
    /// [`Error::Newer`], [`Error::Foreign`], [`Error::Query`].
    pub fn read(client: &mut Client) -> Result<Self, Error> {
        let mut transaction = client.build_transaction().read_only(true).start()?;
        pin(&mut transaction)?;
        Self::read_in(&mut transaction)
    }

    fn read_in(transaction: &mut Transaction<'_>) -> Result<Self, Error> {
        let row = transaction.query_one(
            "select to_regclass('oosync.meta') is not null, to_regclass('oosync.object') is not null,
                    to_regclass('oosync.manifest') is not null,
                    exists (select from pg_catalog.pg_class c where c.relnamespace = to_regnamespace('oosync'))",
            &[],
        )?;
        let (meta, registry, manifest, any): (bool, bool, bool, bool) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        if !meta {
            return if any { Err(Error::Foreign) } else { Ok(Self::default()) };
        }
        let format: i32 = transaction.query_one("select format from oosync.meta", &[])?.try_get(0)?;
        if i64::from(format) > i64::from(FORMAT) {
            return Err(Error::Newer { found: format });
        }
        let mut installed = Self { format: Some(format), ..Self::default() };
        if registry {
            let sql = format!(
                "select o.identity, o.kind, o.name, o.relation, o.hash, o.made, {},
                        (select t.tgenabled::text || coalesce((select string_agg(distinct c.tgenabled::text, '')
                             from pg_catalog.pg_trigger c where c.tgparentid = t.oid), '')
                         from pg_catalog.pg_trigger t
                         where o.kind = 'trigger' and t.tgrelid = to_regclass(o.relation) and not t.tgisinternal
                           and '\"' || replace(t.tgname, '\"', '\"\"') || '\"' = o.name),
                        o.undo
                 from oosync.object o",
                script::made()
            );
            for row in transaction.query(&sql, &[])? {
                let object = InstalledObject {
                    kind: row.try_get(1)?,
                    name: row.try_get(2)?,
                    relation: row.try_get(3)?,
                    hash: row.try_get(4)?,
                    made: row.try_get(5)?,
                    now: row.try_get(6)?,
                    enabled: row.try_get(7)?,
                    undo: row.try_get(8)?,
                };
                installed.objects.insert(row.try_get(0)?, object);
            }
        }
        if manifest {
            let present =
                "select hash from oosync.manifest order by made_current_at desc, version desc limit 1";
            installed.manifest =
                transaction.query_opt(present, &[])?.map(|row| row.try_get(0)).transpose()?;
        }
        Ok(installed)
    }

    /// What is not as `installation` has it, in its order; then what it does not need.
    pub fn differences(&self, installation: &Installation) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut needed = BTreeSet::new();
        for object in &installation.objects {
            let identity = object.identity();
            if let Some(state) = self.state(object, &identity) {
                let relation = object.relation().map(super::table_name);
                let kind = object.kind.word().to_owned();
                differences.push(Difference { identity: identity.clone(), kind, relation, state });
            }
            needed.insert(identity);
        }
        let others = self.objects.iter().filter(|(identity, object)| {
            // Tables of an earlier version hold data; they go with the schema.
            !needed.contains(*identity) && object.undo.is_some()
        });
        differences.extend(others.map(|(identity, object)| Difference {
            identity: identity.clone(),
            kind: object.kind.clone(),
            relation: object.relation.clone(),
            state: State::Unneeded,
        }));
        differences
    }

    fn state(&self, object: &Object, identity: &str) -> Option<State> {
        let Some(installed) = self.objects.get(identity) else { return Some(State::New) };
        let major = |made: &str| made.split(' ').next().map(str::to_owned);
        if object.kind != Kind::Grant {
            match (&installed.made, &installed.now) {
                (_, None) => return Some(State::Missing),
                (Some(made), Some(now)) if made != now => {
                    let always =
                        installed.enabled.as_deref().is_none_or(|all| all.chars().all(|each| each == 'A'));
                    return Some(match () {
                        () if !always => State::Disabled,
                        () if installed.hash != object.hash() => State::Outdated,
                        () if major(made) != major(now) => State::OtherMajor,
                        () => State::Edited,
                    });
                }
                (None, Some(_)) => return Some(State::Outdated),
                _ => {}
            }
        }
        (installed.hash != object.hash()).then_some(State::Outdated)
    }
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// What was made or made anew, by identity, in order.
    pub made: Vec<String>,
    /// What was removed.
    pub removed: Vec<String>,
    /// Tables whose capture had stopped, as SQL: what changed meanwhile is not in the log.
    pub resumed: Vec<String>,
    /// Whether another manifest became the present one.
    pub registered: bool,
}

impl Applied {
    /// Whether everything was there already.
    pub fn is_nothing(&self) -> bool {
        self.made.is_empty() && self.removed.is_empty() && !self.registered
    }
}

/// A session that changes what is installed.
pub struct Migration<'a> {
    client: &'a mut Client,
    url: &'a DatabaseUrl,
    lock_timeout: Duration,
}

impl fmt::Debug for Migration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration").field("lock_timeout", &self.lock_timeout).finish_non_exhaustive()
    }
}

impl<'a> Migration<'a> {
    /// One that waits at most `lock_timeout` for each lock; `url` is where `client` is connected to.
    pub fn new(client: &'a mut Client, url: &'a DatabaseUrl, lock_timeout: Duration) -> Self {
        Self { client, url, lock_timeout }
    }

    /// Brings the database up to date in one transaction, touching only what is not as `installation` has it; tells
    /// `progress` of each table that is done.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn apply(
        &mut self,
        installation: &Installation,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Applied, Error> {
        self.watched(|transaction, timeout| {
            let installed = Installed::read_in(transaction)?;
            roles(transaction, installation)?;
            let differences = installed.differences(installation);
            let mut applied = Applied::default();
            let by_identity: BTreeMap<&str, State> = differences
                .iter()
                .map(|difference| (difference.identity.as_str(), difference.state))
                .collect();
            let mut resumed = BTreeSet::new();
            let mut records = Vec::new();
            let mut here: Option<Group<'_>> = None;
            for (place, object) in installation.objects.iter().enumerate() {
                let identity = object.identity();
                let Some(state) = by_identity.get(identity.as_str()) else { continue };
                // Functions stand among the triggers that call them.
                if let Some(table) = object.relation() {
                    let triggers = matches!(object.kind, Kind::Trigger(_));
                    match &mut here {
                        Some(group) if group.table == table && group.triggers == triggers => group.count += 1,
                        _ => {
                            let before = here.replace(Group { table, triggers, count: 1 });
                            report(before, progress);
                        }
                    }
                }
                make(transaction, object).map_err(|error| Error::of(&identity, error, timeout))?;
                records.push(script::record(object, place));
                if let (Kind::Trigger(table), State::Missing | State::Disabled) = (&object.kind, state) {
                    resumed.insert(super::table_name(table));
                }
                applied.made.push(identity);
            }
            report(here, progress);
            if !records.is_empty() {
                transaction.batch_execute(&format!(
                    "{}{}{}",
                    script::RECORD,
                    records.join(",\n"),
                    script::RECORD_AGAIN
                ))?;
            }
            for difference in differences.iter().filter(|difference| difference.state == State::Unneeded) {
                applied.removed.push(difference.identity.clone());
            }
            if !applied.removed.is_empty() {
                let gone: Vec<_> = applied.removed.iter().map(|identity| super::literal(identity)).collect();
                let sql = script::remove_where(&format!("o.identity in ({})", gone.join(", ")));
                transaction
                    .batch_execute(&sql)
                    .map_err(|error| Error::of("what is not needed any more", error, timeout))?;
            }
            if !applied.made.is_empty() {
                let sql = format!(
                    "update oosync.object o set made = {} where o.identity = any ($1)",
                    script::made()
                );
                transaction.execute(&sql, &[&applied.made])?;
            }
            if installed.format.is_none_or(|format| i64::from(format) < i64::from(FORMAT)) {
                transaction.batch_execute(&format!(
                    "update oosync.meta set format = {FORMAT} where format < {FORMAT}"
                ))?;
            }
            let (hash, tables) = (&installation.schema_hash, installation.manifest.to_string());
            transaction
                .query_one("select oosync.register_manifest($1, $2::text::jsonb)", &[hash, &tables])?;
            applied.registered = installed.manifest.as_ref() != Some(hash);
            applied.resumed = resumed.into_iter().collect();
            Ok(applied)
        })
    }

    /// Removes everything, whatever plan or older version made it. Whether there was anything.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn uninstall(&mut self) -> Result<bool, Error> {
        self.watched(|transaction, timeout| {
            let installed = Installed::read_in(transaction)?;
            if installed.format.is_none() {
                return Ok(false);
            }
            let removed = transaction.batch_execute(&script::remove());
            removed.map_err(|error| Error::of("what is installed", error, timeout))?;
            Ok(true)
        })
    }

    /// Runs `work` in a transaction, alone among those that do, and names who is in the way of it.
    fn watched<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>, Duration) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let timeout = self.lock_timeout;
        let mut transaction = self.client.transaction()?;
        pin(&mut transaction)?;
        // Zero would wait for ever.
        transaction.batch_execute(&format!("set local lock_timeout = {}", timeout.as_millis().max(1)))?;
        let pid: i32 = transaction.query_one("select pg_catalog.pg_backend_pid()", &[])?.try_get(0)?;
        let watch = Watch::begin(
            self.url,
            pid,
            (timeout / 4).clamp(Duration::from_millis(20), Duration::from_millis(400)),
        );
        let locked = transaction.batch_execute("select pg_catalog.pg_advisory_xact_lock(8101991, 2)");
        let result = locked
            .map_err(|error| Error::of("the migration of another session", error, timeout))
            .and_then(|()| work(&mut transaction, timeout));
        match result {
            Ok(done) => {
                transaction.commit()?;
                Ok(done)
            }
            Err(Error::Locked { what, timeout, .. }) => {
                Err(Error::Locked { what, timeout, blockers: watch.seen() })
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the roles are there, and nobody loses rows unasked.
fn roles(transaction: &mut Transaction<'_>, installation: &Installation) -> Result<(), Error> {
    let role = &installation.server_role;
    let there = "select from pg_catalog.pg_roles r where r.rolname = $1";
    if transaction.query_opt(there, &[role])?.is_none() {
        return Err(Error::NoRole { role: role.clone() });
    }
    let Some(sql) = &installation.exposed_roles else { return Ok(()) };
    let rows = transaction.query(sql.as_str(), &[])?;
    let exposed = rows.iter().map(|row| {
        Ok(Exposed { role: row.try_get(0)?, table: row.try_get(1)?, privileges: row.try_get(2)? })
    });
    let exposed = exposed.collect::<Result<Vec<_>, postgres::Error>>()?;
    if exposed.is_empty() { Ok(()) } else { Err(Error::Exposed { roles: exposed }) }
}

/// What was made of a table, one after the other.
struct Group<'a> {
    table: &'a QualifiedName,
    triggers: bool,
    count: usize,
}

fn report(group: Option<Group<'_>>, progress: &mut dyn FnMut(&str)) {
    if let Some(Group { table, triggers, count }) = group {
        let things = match (triggers, count) {
            (true, 1) => "trigger",
            (true, _) => "triggers",
            (false, 1) => "policy or privilege",
            (false, _) => "policies and privileges",
        };
        progress(&format!("{table}: {count} {things}"));
    }
}

/// The settings under which objects are made and shown.
fn pin(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    transaction.batch_execute(
        "set local search_path = ''; set local statement_timeout = 0; set local quote_all_identifiers = off;
         set local idle_in_transaction_session_timeout = 0; set local client_min_messages = warning;
         set local standard_conforming_strings = on; set local check_function_bodies = on",
    )
}

fn make(transaction: &mut Transaction<'_>, object: &Object) -> Result<(), postgres::Error> {
    if object.kind != Kind::Function {
        return transaction.batch_execute(&object.install_sql());
    }
    // What a function gives, and the names of its arguments, can only change with the function.
    let mut tried = transaction.savepoint("oosync")?;
    match tried.batch_execute(&object.install_sql()) {
        Ok(()) => tried.commit(),
        Err(error) if error.code() == Some(&SqlState::INVALID_FUNCTION_DEFINITION) => {
            tried.rollback()?;
            transaction.batch_execute(&object.undo_sql().unwrap_or_default())?;
            transaction.batch_execute(&object.install_sql())
        }
        Err(error) => {
            tried.rollback()?;
            Err(error)
        }
    }
}
