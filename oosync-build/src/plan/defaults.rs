//! Who produces the value of a column that an insert leaves out.

use super::literal::{Found, constant};
use super::problems::{Issues, column_section};
use super::rules::{ColumnSaid, Said};
use super::{Decided, PlanDefault, Why};
use crate::config::DefaultKind;
use crate::diagnostic::Diagnostic;
use crate::facts::{Column, Facts, Table};
use crate::types::{ColumnType, Scalar, domains};

/// A column about to get its default.
pub(super) struct Subject<'a> {
    pub(super) facts: &'a Facts,
    pub(super) table: &'a Table,
    pub(super) column: &'a Column,
    pub(super) ty: &'a ColumnType,
    pub(super) is_key: bool,
}

/// The expression of the column, or that of its domain: it holds where the column has none.
pub(super) fn expression(column: &Column, facts: &Facts) -> Option<String> {
    if let Some(generated) = &column.generated {
        return Some(generated.expression.clone());
    }
    column.default.clone().or_else(|| domains(&column.ty, facts).first()?.default.clone())
}

/// The default of a column, with what a person said about it.
pub(super) fn default(
    subject: &Subject<'_>,
    said: &ColumnSaid<'_>,
    issues: &mut Issues,
) -> Decided<PlanDefault> {
    let inferred = infer(subject);
    let Some(kind) = said.get(|rules| &rules.default) else { return inferred };
    let why = kind.place.why();
    let fits = match (kind.value, &inferred.value) {
        (_, PlanDefault::Generated) => false,
        (DefaultKind::Portable, value) => {
            matches!(value, PlanDefault::Literal(_) | PlanDefault::Now | PlanDefault::Uuid)
        }
        (DefaultKind::Leased, PlanDefault::Leased) => true,
        (DefaultKind::Leased, _) => false,
        // A trigger may fill what has no default expression.
        (DefaultKind::ServerOnly, _) => {
            if subject.is_key {
                issues.error(server_made_key(subject, &kind));
                return inferred;
            }
            return Decided { value: PlanDefault::Server, why };
        }
    };
    if !fits {
        issues.error(misfit(subject, &kind, &inferred.value));
        return inferred;
    }
    Decided { value: inferred.value, why }
}

fn server_made_key(subject: &Subject<'_>, kind: &Said<DefaultKind>) -> Diagnostic {
    let (table, column) = (subject.table.qualified_name(), &subject.column.name);
    let problem =
        Diagnostic::error(format!("`{column}` is in the key of {table}: it cannot wait for the server"))
            .help("remove the line: the app then names the key on every insert");
    kind.place.point(problem, "a row without its key cannot be told from others")
}

fn misfit(subject: &Subject<'_>, kind: &Said<DefaultKind>, inferred: &PlanDefault) -> Diagnostic {
    let Subject { table, column, .. } = subject;
    let message = format!("`{}` of {} cannot be `{}`", column.name, table.qualified_name(), kind.value);
    let expression = expression(column, subject.facts);
    let reason = match (kind.value, inferred) {
        (_, PlanDefault::Generated) => "Postgres computes the column".to_owned(),
        (DefaultKind::Leased, _) => "no sequence makes its values".to_owned(),
        _ => match &expression {
            Some(expression) => format!("a device cannot compute `{expression}`"),
            None if column.identity.is_some() => "a sequence makes its values".to_owned(),
            None => "it has no default".to_owned(),
        },
    };
    let section = column_section(subject.facts, table, &column.name);
    let help = match inferred {
        PlanDefault::Generated | PlanDefault::None => "remove the line".to_owned(),
        PlanDefault::Leased => format!("write `default = \"leased\"` under `{section}`, or nothing"),
        PlanDefault::Literal(_) | PlanDefault::Now | PlanDefault::Uuid => {
            format!(
                "write `default = \"portable\"` or `default = \"server_only\"` under `{section}`, or nothing"
            )
        }
        PlanDefault::Server => format!("write `default = \"server_only\"` under `{section}`, or nothing"),
    };
    kind.place.point(Diagnostic::error(message).help(help), reason)
}

/// What the schema says.
fn infer(subject: &Subject<'_>) -> Decided<PlanDefault> {
    let Subject { facts, column, ty, .. } = subject;
    let inferred = |value, why: &str| Decided { value, why: Why::Inferred(why.to_owned()) };
    if column.generated.is_some() {
        return inferred(PlanDefault::Generated, "a generated column");
    }
    let integer = matches!(ty, ColumnType::Scalar(scalar) if scalar.is_integer());
    if column.identity.is_some() {
        return inferred(PlanDefault::Leased, "an identity column");
    }
    let Some(expression) = expression(column, facts) else {
        return Decided { value: PlanDefault::None, why: Why::Default };
    };
    if integer && column.sequence.is_some() && is_nextval(&expression) {
        return inferred(PlanDefault::Leased, "its default draws from a sequence");
    }
    if let Some(found) = portable_call(&expression, ty) {
        return inferred(found, "a device computes its default as well");
    }
    match constant(&expression, &column.ty, ty, facts) {
        Some(Found::Null) => inferred(PlanDefault::None, "its default is null"),
        Some(Found::Value(literal)) => inferred(PlanDefault::Literal(literal), "its default is a constant"),
        None => inferred(PlanDefault::Server, "only the server computes its default"),
    }
}

/// `nextval('public.labels_id_seq'::regclass)` and nothing around it.
fn is_nextval(expression: &str) -> bool {
    let inner = expression.strip_prefix("nextval('").and_then(|rest| rest.strip_suffix("'::regclass)"));
    inner.is_some_and(|name| !name.replace("''", "").contains('\''))
}

/// The present time and new uuids.
///
/// For types without a zone the present is that of UTC, as in the sessions of the sync server; a precision, as in
/// `CURRENT_TIMESTAMP(3)`, is left to the server.
fn portable_call(expression: &str, ty: &ColumnType) -> Option<PlanDefault> {
    let ColumnType::Scalar(scalar) = ty else { return None };
    let now = [
        "now()",
        "CURRENT_TIMESTAMP",
        "transaction_timestamp()",
        "statement_timestamp()",
        "clock_timestamp()",
    ];
    let is_now = |text: &str| now.contains(&text);
    let utc = |text: &str| {
        let inner = ["timezone('utc'::text, ", "timezone('UTC'::text, "];
        let inner = inner.iter().find_map(|start| text.strip_prefix(start)?.strip_suffix(')'));
        inner.is_some_and(is_now)
    };
    match scalar {
        Scalar::Timestamptz => is_now(expression).then_some(PlanDefault::Now),
        Scalar::Timestamp => (is_now(expression) || expression == "LOCALTIMESTAMP" || utc(expression))
            .then_some(PlanDefault::Now),
        Scalar::Date => {
            let cast = expression.strip_suffix("::date").unwrap_or_default();
            let cast = cast.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(cast);
            (expression == "CURRENT_DATE" || is_now(cast) || utc(cast)).then_some(PlanDefault::Now)
        }
        Scalar::Uuid | Scalar::UuidText => {
            // The extensions that make them live in a schema of anybody's choice.
            let function = expression.rsplit('.').next().unwrap_or(expression);
            let uuids =
                ["gen_random_uuid()", "uuid_generate_v4()", "uuidv4()", "uuidv7()", "uuid_generate_v7()"];
            uuids.contains(&function).then_some(PlanDefault::Uuid)
        }
        _ => None,
    }
}
