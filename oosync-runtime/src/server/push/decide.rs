//! What becomes of columns that two sides changed.

use std::time::Duration;

use super::check::Item;
use super::resolver::{Clash, Resolution, Resolver};
use crate::protocol::{ColumnConflict, JsonRow, Kept, Op, RawJson};
use crate::schema::{Conflict, Table};
use crate::types::Timestamptz;

/// What settles conflicts: the clock, the tolerance, the code of the application.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    /// The clock of the database, which writes the stamps.
    pub(super) now: Timestamptz,
    pub(super) skew: Duration,
    pub(super) resolver: Option<&'a dyn Resolver>,
}

/// A row in conflict.
pub(super) struct Case<'a> {
    pub(super) item: &'a Item<'a>,
    pub(super) table: &'static Table,
    /// The columns that both sides changed.
    pub(super) columns: Vec<usize>,
    /// The row as the user sees it.
    pub(super) theirs: JsonRow,
    /// When the row was last changed by somebody else.
    pub(super) updated_at: Option<Timestamptz>,
}

/// How a conflict is settled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) conflicts: Vec<ColumnConflict>,
    /// Columns that keep the server's value.
    pub(super) kept: Vec<usize>,
    /// Columns that get another value than the one sent.
    pub(super) resolved: Vec<(usize, RawJson)>,
    /// Why the mutation is refused, if it is; by the rule of the table, or in the resolver's words.
    pub(super) rejected: Option<Option<String>>,
}

impl Judge<'_> {
    /// When an edit was made: as the device says, but not after the server's clock by more than the tolerance.
    pub(super) fn edited_at(&self, item: &Item<'_>, table: &'static Table) -> Option<Timestamptz> {
        let stamp = || {
            let column = &table.columns[table.rules.updated?];
            let json = item.mutation.values.get(column.name)?;
            let text: String = serde_json::from_str(json.get()).ok()?;
            // A `timestamp` has no offset: it is one of UTC.
            text.parse().or_else(|_| format!("{text}+00:00").parse()).ok()
        };
        let said = item.mutation.edited_at.or_else(stamp)?;
        Some(if said > later(self.now, self.skew) { self.now } else { said })
    }

    /// Whether an edit of a device counts as later than the last change on the server. It does where both are of the same
    /// time, and where the device does not say when it was: it came later.
    pub(super) fn is_later(&self, edited_at: Option<Timestamptz>, updated_at: Option<Timestamptz>) -> bool {
        let (Some(edited_at), Some(updated_at)) = (edited_at, updated_at) else { return true };
        later(edited_at, self.skew) >= updated_at
    }

    /// Settles the columns that are in conflict.
    pub(super) fn settle(&self, case: &Case<'_>) -> Verdict {
        let edited_at = self.edited_at(case.item, case.table);
        let by_rule = match case.table.rules.conflict {
            Conflict::ServerWins => Resolution::Theirs,
            Conflict::ClientWins => Resolution::Mine,
            Conflict::LastWriteWins if self.is_later(edited_at, case.updated_at) => Resolution::Mine,
            Conflict::LastWriteWins => Resolution::Theirs,
            Conflict::Reject => Resolution::ByRule,
        };
        let mut verdict =
            Verdict { conflicts: Vec::new(), kept: Vec::new(), resolved: Vec::new(), rejected: None };
        let mutation = case.item.mutation;
        for place in &case.columns {
            let column = &case.table.columns[*place];
            let (base, theirs) = (mutation.base.get(column.name), case.theirs.get(column.name));
            // What an insert leaves out is null, or its default: nothing was said.
            let mine = mutation.values.get(column.name);
            let clash = Clash {
                table: case.table,
                key: &mutation.key,
                column,
                base,
                mine,
                theirs,
                edited_at,
                updated_at: case.updated_at,
            };
            // What nobody may change after an insert stays.
            let fixed = mutation.op == Op::Insert && column.access.protected;
            let resolution = match self.resolver {
                Some(resolver) if !fixed => resolver.resolve(&clash),
                _ => Resolution::ByRule,
            };
            let resolution = match resolution {
                Resolution::ByRule if fixed && by_rule != Resolution::ByRule => Resolution::Theirs,
                Resolution::ByRule => by_rule.clone(),
                other => other,
            };
            let kept = match resolution {
                Resolution::Mine => Kept::Mine,
                Resolution::Value(value) if mutation.op != Op::Delete => {
                    verdict.resolved.push((*place, value));
                    Kept::Resolved
                }
                Resolution::Theirs | Resolution::Value(_) => {
                    verdict.kept.push(*place);
                    Kept::Theirs
                }
                Resolution::ByRule => {
                    verdict.rejected.get_or_insert(None);
                    Kept::Theirs
                }
                Resolution::Reject(message) => {
                    verdict.rejected = Some(Some(message));
                    Kept::Theirs
                }
            };
            verdict.conflicts.push(ColumnConflict {
                column: column.name.to_owned(),
                base: base.cloned(),
                mine: mine.cloned(),
                theirs: theirs.cloned(),
                kept,
            });
        }
        // A row goes whole or stays whole; a mutation is refused whole.
        let stays = mutation.op == Op::Delete && !verdict.kept.is_empty();
        if verdict.rejected.is_some() || stays {
            for conflict in &mut verdict.conflicts {
                conflict.kept = Kept::Theirs;
            }
        }
        verdict
    }
}

/// A time and a while. Infinite times stay what they are.
fn later(time: Timestamptz, by: Duration) -> Timestamptz {
    let Some(at) = time.unix_microseconds() else { return time };
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    at.checked_add(by).and_then(Timestamptz::from_unix_microseconds).unwrap_or(Timestamptz::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microseconds: i64) -> Timestamptz {
        Timestamptz::from_unix_microseconds(1_700_000_000_000_000 + microseconds).unwrap()
    }

    fn judge(skew: u64) -> Judge<'static> {
        Judge { now: at(1_000_000), skew: Duration::from_micros(skew), resolver: None }
    }

    #[test]
    fn the_later_edit_wins_to_the_microsecond() {
        let exact = judge(0);
        assert!(exact.is_later(Some(at(10)), Some(at(10))), "of the same time: it came later");
        assert!(exact.is_later(Some(at(11)), Some(at(10))));
        assert!(!exact.is_later(Some(at(9)), Some(at(10))));
        let lenient = judge(5);
        assert!(lenient.is_later(Some(at(5)), Some(at(10))));
        assert!(!lenient.is_later(Some(at(4)), Some(at(10))));
    }

    #[test]
    fn without_a_time_what_comes_last_is_the_later_one() {
        assert!(judge(0).is_later(None, Some(at(1_000_001))));
        assert!(judge(0).is_later(Some(at(0)), None));
        assert!(!judge(0).is_later(Some(at(0)), Some(Timestamptz::INFINITY)));
        assert!(judge(0).is_later(Some(at(0)), Some(Timestamptz::NEG_INFINITY)));
    }
}
