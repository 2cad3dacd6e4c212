//! What goes to the terminal, to a program, or to a pull request.
//!
//! Results go to standard output, everything else to standard error.

use std::io::Write as _;

use anstream::ColorChoice;
use serde_json::{Value, json};

use super::Fault;
use super::args::{Color, Common, Format};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Source};
use crate::facts::diff::Change;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    pub(super) problems: Diagnostics,
}

impl Failure {
    pub(super) fn new(fault: Fault, problems: impl Into<Diagnostics>) -> Self {
        Self { fault, problems: problems.into() }
    }
}

/// Where and how to speak.
pub(super) struct Reporter {
    json: bool,
    color: bool,
    quiet: bool,
    verbose: bool,
    annotate: bool,
}

impl Reporter {
    pub(super) fn new(common: &Common) -> Self {
        let color = match common.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(&std::io::stderr()) != ColorChoice::Never,
        };
        Self {
            json: common.format == Format::Json,
            color,
            quiet: common.quiet,
            verbose: common.verbose,
            annotate: common.format == Format::Human
                && std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
        }
    }

    /// The result of a command: a text for people, a document for programs.
    pub(super) fn result(&self, human: &str, document: &Value) {
        if self.json {
            self.print(&document.to_string());
        } else if !self.quiet {
            self.print(human);
        }
    }

    /// A remark for people.
    pub(super) fn remark(&self, text: &str) {
        if self.verbose && !self.json {
            self.complain(text);
        }
    }

    /// What has been done so far, for people who wait.
    pub(super) fn progress(&self, text: &str) {
        if !self.quiet && !self.json {
            self.complain(text);
        }
    }

    /// Text that is the result for people and programs alike: SQL.
    pub(super) fn text(&self, text: &str) {
        self.print(text.trim_end_matches('\n'));
    }

    /// Warnings on the way; errors end the command and go through [`Reporter::failure`].
    pub(super) fn problems(&self, problems: &Diagnostics) {
        for problem in problems.iter() {
            if !self.json && (problem.severity == Severity::Error || !self.quiet) {
                self.complain(&problem.render(self.color));
            }
            self.annotation(problem);
        }
    }

    pub(super) fn failure(&self, failure: &Failure) {
        if self.json {
            let problems: Vec<Value> = failure.problems.iter().map(document).collect();
            self.complain(
                &json!({"status": "error", "code": failure.fault as u8, "errors": problems}).to_string(),
            );
        }
        self.problems(&failure.problems);
    }

    /// What differs, and how to mend it; `document` says it to programs.
    pub(super) fn differences(&self, problem: &Diagnostic, lines: &[String], document: &Value) {
        if self.json {
            self.print(&document.to_string());
        } else {
            // The list is the message: it belongs between what happened and what to do.
            let shown = problem.render(self.color);
            let (first, rest) = shown.split_once('\n').unwrap_or((&shown, ""));
            let list: String = lines.iter().map(|line| format!("\n  - {line}")).collect();
            self.complain(&format!("{first}{list}\n{rest}"));
        }
    }

    /// What differs in `file`, and how to mend it.
    pub(super) fn drift(&self, problem: &Diagnostic, changes: &[Change], file: &str) {
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        self.differences(problem, &lines, &json!({"status": "drift", "changes": changes}));
        if self.annotate {
            let source = Source::new(file, "");
            for change in changes {
                let mut each = problem.clone().at(&source, 0..0, "");
                each.message.clone_from(&change.message);
                self.annotation(&each);
            }
        }
    }

    fn annotation(&self, problem: &Diagnostic) {
        if self.annotate {
            self.complain(&problem.github_annotation());
        }
    }

    fn print(&self, text: &str) {
        // A reader that has gone away (`| head`) is no failure of ours.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    fn complain(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// A problem for programs.
pub(super) fn document(problem: &Diagnostic) -> Value {
    let place = problem.label.as_ref().map(|label| {
        let (line, column) = label.source.line_column(label.span.start);
        json!({"file": label.source.name, "line": line, "column": column, "label": label.message})
    });
    json!({
        "severity": match problem.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": problem.message,
        "place": place,
        "notes": problem.notes,
        "help": problem.help,
    })
}

/// `1 table`, `2 tables`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
