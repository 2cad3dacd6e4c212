//! What is decided of one table once its columns and its owner are known: stamps, pushes, conflicts.

use super::columns::Columns;
use super::problems::{Issues, list, section};
use super::rules::{Said, TableSaid};
use super::{Decided, Ownership, TableBucket, Why};
use crate::config::{BucketWrite, Config, ConflictRule, Membership, Push, Stamps, WriteMode};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, Table, TriggerEnabled, TriggerEvent, TriggerLevel, TriggerTiming};
use crate::types::{ColumnType, Scalar};

/// A table, its columns, its owner, and what was said of it.
pub(super) struct Settings<'a> {
    pub(super) facts: &'a Facts,
    pub(super) config: &'a Config,
    pub(super) table: &'a Table,
    pub(super) said: &'a TableSaid<'a>,
    pub(super) columns: &'a Columns,
    pub(super) ownership: &'a Ownership,
    /// The bucket of the table or of the nearest table above it that has one.
    pub(super) bucket: Option<&'a TableBucket>,
    /// The ownership of the table at the top of the chain.
    pub(super) root: &'a Ownership,
}

/// The stamps of a table.
#[derive(Debug, Clone)]
pub(super) struct StampColumns {
    pub(super) created: Option<Decided<String>>,
    pub(super) updated: Option<Decided<String>>,
    pub(super) deleted: Option<Decided<String>>,
    pub(super) maintained: bool,
}

impl Settings<'_> {
    pub(super) fn stamps(&self, issues: &mut Issues) -> StampColumns {
        let inferred = self.said.get(|rules| &rules.stamps).is_none_or(|said| said.value == Stamps::Inferred);
        let is_moment = |ty: &ColumnType, _: bool| ty.is_moment();
        let marks = |ty: &ColumnType, nullable: bool| {
            *ty == ColumnType::Scalar(Scalar::Bool) || (ty.is_moment() && nullable)
        };
        let stamp = |name: &str,
                     said: Option<Said<String>>,
                     usual: &[&str],
                     fits: &dyn Fn(&ColumnType, bool) -> bool,
                     what: &str,
                     issues: &mut Issues| {
            if let Some(said) = said {
                return self.said_stamp(name, said, fits, what, issues);
            }
            let column = usual.iter().filter(|_| inferred).find(|name| {
                self.columns.synced(name).is_some_and(|(_, synced)| fits(&synced.ty, !synced.not_null))
            })?;
            Some(Decided { value: (*column).to_owned(), why: Why::Inferred("by its name".to_owned()) })
        };
        let created = self.said.get(|rules| &rules.created_column);
        let updated = self.said.get(|rules| &rules.updated_column);
        let deleted = self.said.get(|rules| &rules.deleted_column);
        let moment = "a stamp is a `timestamptz` or a `timestamp`";
        let created = stamp("created_column", created, &["created_at"], &is_moment, moment, issues);
        let updated =
            stamp("updated_column", updated, &["last_modified_at", "updated_at"], &is_moment, moment, issues);
        let mark = "a mark is a `boolean`, or a `timestamptz` or `timestamp` that can be null";
        let deleted = stamp("deleted_column", deleted, &["deleted_at", "deleted"], &marks, mark, issues);
        let maintained = updated.as_ref().is_some_and(|updated| self.maintains(&updated.value));
        StampColumns { created, updated, deleted, maintained }
    }

    fn said_stamp(
        &self,
        rule: &str,
        said: Said<String>,
        fits: &dyn Fn(&ColumnType, bool) -> bool,
        what: &str,
        issues: &mut Issues,
    ) -> Option<Decided<String>> {
        let name = self.table.qualified_name();
        match self.columns.synced(&said.value) {
            None => {
                // A column that is not there at all is reported by the check of config and tags.
                if self.table.column(&said.value).is_some() {
                    let message =
                        format!("`{rule}` of {name} names `{}`, which never leaves the server", said.value);
                    let problem = Diagnostic::error(message).help("sync the column, or name another");
                    issues.error(said.place.point(problem, ""));
                }
                None
            }
            Some((_, synced)) if !fits(&synced.ty, !synced.not_null) => {
                let not_null = if synced.not_null { " not null" } else { "" };
                let message = format!("`{}` of {name} cannot be its `{rule}`", said.value);
                let problem = Diagnostic::error(message).note(what).help("name another column");
                issues.error(said.place.point(problem, format!("is {}{not_null}", synced.declared)));
                None
            }
            Some(_) => Some(Decided { why: said.place.why(), value: said.value }),
        }
    }

    /// Whether a trigger of the database sets the column on every update, as far as a trigger shows that: its
    /// function is not looked into.
    fn maintains(&self, updated: &str) -> bool {
        self.table.triggers.iter().any(|trigger| {
            let fires = trigger.timing == TriggerTiming::Before
                && trigger.level == TriggerLevel::Row
                && trigger.events.contains(&TriggerEvent::Update)
                && trigger.columns.is_empty()
                && matches!(trigger.enabled, TriggerEnabled::Origin | TriggerEnabled::Always);
            // Rows that do not change need no new stamp; any other condition leaves some out that do.
            let condition = trigger.condition.as_deref().unwrap_or_default();
            let plain = condition.trim_matches(['(', ')']);
            let always = plain.is_empty() || plain.eq_ignore_ascii_case("old.* is distinct from new.*");
            // Postgres's own trigger functions do something else; `moddatetime` names its column.
            let own = trigger.function.schema != "pg_catalog"
                && (trigger.function.name != "moddatetime"
                    || trigger.arguments.first().is_some_and(|column| column == updated));
            fires && always && own
        })
    }

    /// Who pushes.
    pub(super) fn push(&self, issues: &mut Issues) -> Decided<Push> {
        let unfit = self.unfit_key();
        let membership = self.is_membership();
        let Some(said) = self.said.get(|rules| &rules.push) else {
            return self.usual_push(unfit, membership);
        };
        let name = self.table.qualified_name();
        let heading = || section(self.facts, self.table);
        let refused = match said.value {
            Push::Disabled => None,
            _ if unfit.is_some() => unfit.map(|reason| {
                (reason.to_owned(), "write `push = \"disabled\"`, or change the key".to_owned())
            }),
            Push::OwnerOnly if matches!(self.root, Ownership::Everyone | Ownership::Bucket) => Some((
                "nobody owns its rows".to_owned(),
                format!(
                    "under `{}`, name the owner, `owner_column = \"…\"`, or write `push = \"disabled\"`",
                    heading()
                ),
            )),
            Push::Members if self.bucket.is_none() => Some((
                "its rows are in no bucket".to_owned(),
                format!("under `{}`, name the bucket, `bucket = \"…\"`, or write another `push`", heading()),
            )),
            Push::OwnerOnly | Push::Members => None,
        };
        if let Some((reason, help)) = refused {
            let problem =
                Diagnostic::error(format!("nobody can push to {name} as `{}`", said.value)).help(help);
            issues.error(said.place.point(problem, reason));
        } else if let (Some(bucket), false) = (membership, said.value == Push::Disabled) {
            let message =
                format!("who may push to {name} can make themselves a member of any bucket `{bucket}`");
            let problem = Diagnostic::warning(message)
                .help("write `push = \"disabled\"` unless policies or checks of your own prevent it");
            issues.warn(said.place.point(problem, ""));
        }
        Decided { value: said.value, why: said.place.why() }
    }

    fn usual_push(&self, unfit: Option<&str>, membership: Option<&str>) -> Decided<Push> {
        let disabled = |why: String| Decided { value: Push::Disabled, why: Why::Inferred(why) };
        if let Some(reason) = unfit {
            return disabled(reason.to_owned());
        }
        if let Some(bucket) = membership {
            return disabled(format!("it says who is in bucket `{bucket}`"));
        }
        let write = self.bucket.map(|bucket| {
            let declared = self.config.buckets.iter().find(|declared| declared.name.value == bucket.name);
            (bucket, declared.and_then(|declared| declared.write.as_ref()).map(|write| write.value))
        });
        let decided = |value, why: String| Decided { value, why: Why::Inferred(why) };
        match (self.root, write) {
            (Ownership::Everyone, _) => disabled("nobody owns its rows".to_owned()),
            (_, Some((bucket, Some(BucketWrite::Members)))) => {
                decided(Push::Members, format!("`write` of bucket `{}`", bucket.name))
            }
            (_, Some((bucket, Some(BucketWrite::None)))) => {
                disabled(format!("`write` of bucket `{}`", bucket.name))
            }
            (Ownership::Bucket, Some((bucket, _))) => disabled(format!(
                "nobody owns its rows, and bucket `{}` does not say `write = \"members\"`",
                bucket.name
            )),
            _ => decided(Push::OwnerOnly, "its rows have an owner".to_owned()),
        }
    }

    /// Why rows cannot be pushed by this key.
    ///
    /// A pushed row is inserted or updated by its key (`ON CONFLICT`), for which Postgres takes neither a
    /// deferrable key nor one `WITHOUT OVERLAPS`. Reading is another matter: in any snapshot the rows of both have
    /// different keys, so that devices get them all the same.
    fn unfit_key(&self) -> Option<&'static str> {
        let key = self.table.primary_key.as_ref()?;
        let generated = key
            .columns
            .iter()
            .any(|column| self.table.column(column).is_some_and(|column| column.generated.is_some()));
        if generated {
            Some("Postgres computes its key")
        } else if key.without_overlaps {
            Some("its key is one over periods (`WITHOUT OVERLAPS`)")
        } else if key.deferrable {
            Some("its key is deferrable")
        } else {
            None
        }
    }

    /// The bucket whose members the table names.
    fn is_membership(&self) -> Option<&str> {
        let buckets = self.config.buckets.iter();
        let mut named = buckets.filter(|bucket| match &bucket.members {
            Membership::Table { table, .. } => {
                table.value.resolve(self.facts).is_ok_and(|found| std::ptr::eq(found, self.table))
            }
            _ => false,
        });
        named.next().map(|bucket| bucket.name.value.as_str())
    }

    pub(super) fn deny_delete(&self, stamps: &StampColumns) -> Decided<bool> {
        if let Some(said) = self.said.get(|rules| &rules.deny_delete) {
            return Decided { value: said.value, why: said.place.why() };
        }
        match (&stamps.deleted, self.config.sync.deny_delete) {
            (Some(_), _) => {
                Decided { value: false, why: Why::Inferred("it has a mark for deleted rows".to_owned()) }
            }
            (None, true) => {
                Decided { value: true, why: Why::Inferred("it has no mark for deleted rows".to_owned()) }
            }
            (None, false) => Decided { value: false, why: self.setting("deny_delete") },
        }
    }

    pub(super) fn write_mode(&self) -> Decided<WriteMode> {
        match self.said.get(|rules| &rules.write_mode) {
            Some(said) => Decided { value: said.value, why: said.place.why() },
            None if self.config.sync.write_mode == WriteMode::default() => {
                Decided { value: WriteMode::default(), why: Why::Default }
            }
            None => Decided { value: self.config.sync.write_mode, why: self.setting("write_mode") },
        }
    }

    fn setting(&self, key: &str) -> Why {
        Why::Config(format!("`[sync] {key}` in {}", self.config.source.name))
    }

    pub(super) fn conflict(
        &self,
        stamps: &StampColumns,
        push: Push,
        issues: &mut Issues,
    ) -> Decided<ConflictRule> {
        let name = self.table.qualified_name();
        let pushed = push != Push::Disabled;
        if let Some(said) = self.said.get(|rules| &rules.conflict) {
            if said.value == ConflictRule::Lww {
                if stamps.updated.is_none() {
                    let problem = Diagnostic::error(format!(
                        "`lww` needs a time of the last change, which {name} does not have"
                    ))
                    .help("name the column, `updated_column = \"…\"`, or write another `conflict`");
                    issues.error(said.place.point(problem, ""));
                } else if !stamps.maintained && pushed {
                    issues.warn(said.place.point(self.unmaintained(stamps), ""));
                }
            }
            return Decided { value: said.value, why: said.place.why() };
        }
        if let Some(said) = &self.config.sync.conflict {
            let said = self.said.written(said);
            if said.value != ConflictRule::Lww || stamps.updated.is_some() {
                if said.value == ConflictRule::Lww && !stamps.maintained && pushed {
                    issues.warn(said.place.point(self.unmaintained(stamps), ""));
                }
                return Decided { value: said.value, why: said.place.why() };
            }
            if pushed {
                let message = format!(
                    "{name} has no time of the last change: its conflicts are settled by `client_wins`"
                );
                let problem = Diagnostic::warning(message).help(format!(
                    "under `{}`, write `conflict = \"client_wins\"`, or name the column: `updated_column = \"…\"`",
                    section(self.facts, self.table)
                ));
                issues.warn(said.place.point(problem, ""));
            }
        }
        match &stamps.updated {
            Some(updated) if stamps.maintained => Decided {
                value: ConflictRule::Lww,
                why: Why::Inferred(format!("a trigger maintains `{}`", updated.value)),
            },
            Some(updated) => Decided {
                value: ConflictRule::ClientWins,
                why: Why::Inferred(format!("no trigger maintains `{}`", updated.value)),
            },
            None => Decided {
                value: ConflictRule::ClientWins,
                why: Why::Inferred("it has no time of the last change".to_owned()),
            },
        }
    }

    fn unmaintained(&self, stamps: &StampColumns) -> Diagnostic {
        let updated = stamps.updated.as_ref().map(|updated| updated.value.as_str()).unwrap_or_default();
        let name = self.table.qualified_name();
        Diagnostic::warning(format!("no trigger of {name} maintains `{updated}`: a later edit can lose"))
            .help(format!("create trigger … before update on {name} for each row, that sets `{updated}`"))
    }

    /// What a push may set on insert and never change.
    pub(super) fn protected(&self, stamps: &StampColumns, issues: &mut Issues) -> Vec<String> {
        let mut protected: Vec<String> =
            self.table.primary_key.iter().flat_map(|key| &key.columns).cloned().collect();
        let owner = match self.ownership {
            Ownership::Owner { column, .. } => Some(column.clone()),
            _ => None,
        };
        let created = stamps.created.as_ref().map(|created| created.value.clone());
        let said = self.synced("protected", self.said.columns(|rules| &rules.protected), issues);
        for column in owner.into_iter().chain(created).chain(said) {
            if !protected.contains(&column) && self.columns.position(&column).is_some() {
                protected.push(column);
            }
        }
        protected
    }

    /// The columns of a rule; one that stays on the server is an error.
    pub(super) fn synced(&self, rule: &str, columns: Vec<Said<String>>, issues: &mut Issues) -> Vec<String> {
        let mut found = Vec::new();
        for column in columns {
            if self.columns.position(&column.value).is_some() {
                found.push(column.value);
            } else if self.table.column(&column.value).is_some() {
                let name = self.table.qualified_name();
                let message =
                    format!("`{rule}` of {name} names `{}`, which never leaves the server", column.value);
                let problem = Diagnostic::error(message).help("remove it from the list, or sync the column");
                issues.error(column.place.point(problem, ""));
            }
        }
        found
    }

    pub(super) fn conflict_target(
        &self,
        exported: Option<Vec<String>>,
        issues: &mut Issues,
    ) -> Decided<Vec<String>> {
        let key: Vec<String> = self.table.primary_key.iter().flat_map(|key| &key.columns).cloned().collect();
        let said = self.said.columns(|rules| &rules.conflict_target);
        if let Some(first) = said.first() {
            let place = first.place.clone();
            let columns = self.synced("conflict_target", said, issues);
            let same = |names: &[&str]| {
                names.len() == columns.len() && columns.iter().all(|column| names.contains(&column.as_str()))
            };
            let of_key: Vec<_> = key.iter().map(String::as_str).collect();
            let unique = self.table.unique.iter().filter_map(crate::facts::UniqueKey::plain_columns);
            if !columns.is_empty() && !same(&of_key) && !unique.into_iter().any(|names| same(&names)) {
                let name = self.table.qualified_name();
                let problem = Diagnostic::warning(format!(
                    "no key of {name} is on {}: `ON CONFLICT` refuses them",
                    list(&columns)
                ));
                issues.warn(place.point(problem.help("name the columns of a unique key"), ""));
            }
            if !columns.is_empty() {
                return Decided { value: columns, why: place.why() };
            }
        }
        match exported {
            Some(columns) if columns == key => {
                Decided { value: columns, why: Why::Inferred("the primary key".to_owned()) }
            }
            Some(columns) => Decided {
                value: columns,
                why: Why::Inferred("the shortest unique constraint of several columns".to_owned()),
            },
            None => Decided { value: key, why: Why::Inferred("the primary key".to_owned()) },
        }
    }
}
