//! What was found, for people and for programs.

use std::fmt;

use serde_json::{Value, json};

use crate::client::{Verified, VerifiedTable};

/// What was found.
pub(super) struct Report {
    pub(super) user: String,
    pub(super) verified: Verified,
    /// Triggers, views and indexes of the file that had been removed or altered.
    pub(super) made_again: Vec<String>,
    /// Whether it was put right.
    pub(super) repair: bool,
}

impl Report {
    fn is_right(&self) -> bool {
        self.verified.is_right() && self.made_again.is_empty()
    }

    /// Whether something differs still.
    pub(super) fn has_drift(&self) -> bool {
        !self.repair && !self.is_right()
    }

    /// As one JSON document.
    pub(super) fn document(&self) -> Value {
        let status = match (self.is_right(), self.repair) {
            (true, _) => "ok",
            (false, true) => "repaired",
            (false, false) => "drift",
        };
        let tables = self.verified.tables.iter().map(|table| {
            json!({
                "table": table.table,
                "rows": table.rows,
                "changed_since": table.changed,
                "ranges": table.ranges,
                "differing_ranges": table.differing,
                "missing_or_other": table.written,
                "unknown_to_server": table.deleted,
            })
        });
        json!({
            "status": status,
            "user": self.user,
            "tables": tables.collect::<Vec<_>>(),
            "made_again": self.made_again,
        })
    }
}

fn said(table: &VerifiedTable) -> String {
    if table.differing == 0 {
        return "the same".to_owned();
    }
    format!(
        "{} of {} ranges differ: {} missing or other here, {} unknown to the server",
        table.differing, table.ranges, table.written, table.deleted
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.verified.tables.iter().map(|table| table.table.chars().count()).max().unwrap_or(0);
        for table in &self.verified.tables {
            write!(f, "{:width$}  {:>8} rows  {}", table.table, table.rows, said(table))?;
            if table.changed > 0 {
                write!(f, "; {} changed since the last pull, and not compared", table.changed)?;
            }
            writeln!(f)?;
        }
        if !self.made_again.is_empty() {
            let verb = if self.repair { "were" } else { "are" };
            writeln!(
                f,
                "{} of the file {verb} missing or altered: writes of that time are not known to it",
                self.made_again.join(", ")
            )?;
        }
        match (self.is_right(), self.repair) {
            (true, _) => writeln!(f, "the file has what the server has for user {}", self.user),
            (false, true) => writeln!(f, "the file was put right for user {}", self.user),
            (false, false) => {
                writeln!(f, "the file differs from what the server has for user {}", self.user)?;
                writeln!(f, "  help: `--repair` syncs it, and fetches the rows of ranges that differ")
            }
        }
    }
}
