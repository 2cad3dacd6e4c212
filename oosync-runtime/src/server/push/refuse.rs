//! Why Postgres refused a mutation, in the words of the protocol.
//!
//! Details of Postgres's messages hold values of rows that the user may not see: they are not passed on.

use tokio_postgres::Transaction;
use tokio_postgres::error::DbError;
use tokio_postgres::types::Type;

use super::check::{Item, malformed, refusal};
use super::record::Fields;
use super::sets::Trouble;
use crate::protocol::{MutationResult, Op, ReasonCode, TableHeader};
use crate::server::Error;
use crate::server::catalog::TableSql;

/// A mutation that did not go in.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) result: MutationResult,
    /// It may go in once others have.
    pub(super) again: bool,
    /// The key of a row to be shown with it, if the user may see it.
    pub(super) shown: Option<String>,
    /// It won a conflict before it failed.
    pub(super) clashed: bool,
}

impl Failure {
    /// One that nothing changes.
    pub(super) fn new(result: MutationResult) -> Self {
        Self { result, again: false, shown: None, clashed: false }
    }

    /// One that may be none once others went in.
    pub(super) fn for_now(result: MutationResult) -> Self {
        Self { again: true, ..Self::new(result) }
    }
}

/// What a statement failed for, of one mutation alone. The transaction is as it was before the statement.
pub(super) async fn refuse(
    transaction: &Transaction<'_>,
    of: &TableSql,
    item: &Item<'_>,
    trouble: &Trouble,
) -> Result<Failure, Error> {
    let id = item.mutation.id;
    let plain = |reason, message: &str| Failure::new(refusal(id, reason, message));
    let error = match trouble {
        Trouble::Postgres(error) => error,
        Trouble::Skipped => {
            return Ok(plain(ReasonCode::NotAuthorized, "the database did not take the row"));
        }
        Trouble::NotOwned => {
            let message = "only the owner of a row writes this column";
            let result = refusal(id, ReasonCode::ColumnNotAuthorized, message);
            return Ok(Failure::new(MutationResult { columns: owner_only(of, item), ..result }));
        }
    };
    let Some(error) = error.as_db_error() else {
        return Err(Error::internal(format!("a statement was not sent: {error}")));
    };
    let code = error.code().code();
    let failure = match code {
        "23505" => return unique(transaction, of, item, error).await,
        "23503" => {
            let columns = constrained(transaction, of, item.header, error).await?;
            let message = match (item.mutation.op, columns.is_empty()) {
                (Op::Delete, _) | (_, true) => "other rows refer to this one".to_owned(),
                _ => format!("there is no row that {} could refer to", columns.join(", ")),
            };
            let result = refusal(id, ReasonCode::ForeignKeyViolation, message);
            Failure::for_now(MutationResult { columns, ..result })
        }
        "23514" => {
            let columns = constrained(transaction, of, item.header, error).await?;
            let message = format!("it does not pass the check {}", error.constraint().unwrap_or_default());
            let result = refusal(id, ReasonCode::CheckViolation, message.trim_end());
            Failure::new(MutationResult { columns, ..result })
        }
        "23502" => {
            let columns: Vec<String> =
                error.column().and_then(|name| known(item.header, name)).into_iter().collect();
            let message = match columns.first() {
                Some(column) => format!("{column} cannot be null"),
                None => "a column would be null that cannot be".to_owned(),
            };
            let result = refusal(id, ReasonCode::NotNullViolation, message);
            Failure::new(MutationResult { columns, ..result })
        }
        "23P01" => {
            let columns = constrained(transaction, of, item.header, error).await?;
            let result = refusal(id, ReasonCode::ExclusionViolation, "it overlaps with another row");
            Failure::for_now(MutationResult { columns, ..result })
        }
        "42501" | "44000" => {
            if error.routine() == Some("aclcheck_error") && error.where_().is_none() {
                // No policy: a right that the roles of requests usually have.
                tracing::warn!(
                    message = error.message(),
                    table = of.table.name,
                    "a mutation lacked a privilege"
                );
            }
            let message = "the user may not write this row";
            Failure::for_now(refusal(id, ReasonCode::NotAuthorized, message))
        }
        _ if code.starts_with("22") => {
            let columns = malformed(item.mutation, of.table);
            let message = match columns.is_empty() {
                true => "a value is none that its column can hold".to_owned(),
                false => format!("{} has a value that the column cannot hold", columns.join(", ")),
            };
            let result = refusal(id, ReasonCode::InvalidValue, message);
            Failure::new(MutationResult { columns, ..result })
        }
        _ if code.starts_with("54") => {
            plain(ReasonCode::TooLarge, "a value is larger than the database takes")
        }
        "P0001" => plain(ReasonCode::RaisedByDatabase, error.message()),
        // Not in a trigger or function: it is our statement that does not fit, and no fault of the mutation.
        _ if code.starts_with("42") && error.where_().is_none() => {
            return Err(Error::internal(format!("{}: {error}", of.table.name)));
        }
        _ => {
            tracing::warn!(code, message = error.message(), table = of.table.name, "a mutation failed");
            plain(ReasonCode::RaisedByDatabase, &format!("the database refused it ({code})"))
        }
    };
    Ok(failure)
}

/// The columns of a mutation that only the owner of a row writes.
pub(super) fn owner_only(of: &TableSql, item: &Item<'_>) -> Vec<String> {
    let columns = item.columns.iter().map(|place| &of.table.columns[*place]);
    columns.filter(|column| column.access.owner_only).map(|column| column.name.to_owned()).collect()
}

/// The column, if the device knows it.
fn known(header: &TableHeader, name: &str) -> Option<String> {
    header.columns.iter().find(|column| *column == name).cloned()
}

/// The columns of the constraint that an error names, where it is one of the mutation's own table (or of a partition).
async fn constrained(
    transaction: &Transaction<'_>,
    of: &TableSql,
    header: &TableHeader,
    error: &DbError,
) -> Result<Vec<String>, Error> {
    let (Some(schema), Some(table), Some(name)) = (error.schema(), error.table(), error.constraint()) else {
        return Ok(Vec::new());
    };
    let sql = "select a.attname::text from pg_catalog.pg_constraint c
          join pg_catalog.pg_class t on t.oid = c.conrelid and t.relname = $2
          join pg_catalog.pg_namespace n on n.oid = t.relnamespace and n.nspname = $1
          cross join lateral pg_catalog.unnest(c.conkey) with ordinality k (attnum, at)
          join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
        where c.conname = $3
          and (t.oid = pg_catalog.to_regclass($4) or exists (
            select from pg_catalog.pg_partition_ancestors(t.oid) p where p = pg_catalog.to_regclass($4)))
        order by k.at";
    let text = |value: &str| value.to_owned();
    let (schema, table, name) = (text(schema), text(table), text(name));
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] =
        [(&schema, Type::TEXT), (&table, Type::TEXT), (&name, Type::TEXT), (&of.name, Type::TEXT)];
    let rows = transaction.query_typed(sql, &parameters).await?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<_, String>(0)).collect();
    Ok(names?.iter().filter_map(|name| known(header, name)).collect())
}

/// Another row has the value. Which one, the user is told if it is theirs to see.
async fn unique(
    transaction: &Transaction<'_>,
    of: &TableSql,
    item: &Item<'_>,
    error: &DbError,
) -> Result<Failure, Error> {
    let id = item.mutation.id;
    let sql = "select i.indisprimary, i.indexprs is null and i.indpred is null,
          array(select a.attname::text from pg_catalog.unnest(i.indkey) with ordinality k (attnum, at)
            join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
            where k.at <= i.indnkeyatts order by k.at)
        from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid and c.relname = $2
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = $1
        where i.indrelid = pg_catalog.to_regclass($3) or exists (
          select from pg_catalog.pg_partition_ancestors(i.indrelid) p where p = pg_catalog.to_regclass($3))";
    let (schema, name) = (error.schema().unwrap_or_default(), error.constraint().unwrap_or_default());
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&schema, Type::TEXT), (&name, Type::TEXT), (&of.name, Type::TEXT)];
    let rows = transaction.query_typed(sql, &parameters).await?;
    let result = refusal(id, ReasonCode::UniqueViolation, "another row has this value already");
    let Some(row) = rows.first() else {
        // Of another table, which a trigger writes.
        return Ok(Failure::for_now(result));
    };
    let (primary, plain): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    let names: Vec<String> = row.try_get(2)?;
    if primary && item.mutation.op == Op::Insert {
        let message = "there is a row with this key already";
        let failure = Failure::for_now(refusal(id, ReasonCode::RowExists, message));
        return Ok(Failure { shown: Some(item.key.clone()), ..failure });
    }
    let shown = if plain { winner(transaction, of, item, &names).await? } else { None };
    let columns: Vec<String> = names.iter().filter_map(|name| known(item.header, name)).collect();
    let message = format!("another row has this {} already", columns.join(", "));
    let result = MutationResult { columns, ..refusal(id, ReasonCode::UniqueViolation, message) };
    Ok(Failure { shown, ..Failure::for_now(result) })
}

/// The key of the row that has what a mutation would write to the columns of a unique index.
async fn winner(
    transaction: &Transaction<'_>,
    of: &TableSql,
    item: &Item<'_>,
    names: &[String],
) -> Result<Option<String>, Error> {
    let mut conditions = Vec::new();
    for name in names {
        let Some(place) = of.table.column(name) else { return Ok(None) };
        let column = crate::server::session::ident(name);
        let key = of.table.primary_key.iter().position(|part| *part == place);
        conditions.push(match (key, item.columns.contains(&place), item.mutation.op) {
            (Some(at), ..) => format!("t.{column} = r.k{at}"),
            (None, true, _) => format!("t.{column} = {}", of.given("v", place)),
            // As the row has it.
            (None, false, Op::Update) => {
                let own = of.of_record().replace("t.", "o.");
                format!("t.{column} = (select o.{column} from {} o where {own})", of.name)
            }
            // A default of the server: which value that is, is not known.
            (None, false, _) => return Ok(None),
        });
    }
    let fields = Fields { values: &item.columns, bases: &[] };
    let sql = format!(
        "select {} from {} join {} t on {}",
        of.key_text_of(|_, place| format!(
            "t.{}",
            crate::server::session::ident(of.table.columns[place].name)
        )),
        of.record(fields),
        of.name,
        conditions.join(" and ")
    );
    let record = format!("[{}]", of.object(0, item, fields, |place| of.sent(&item.mutation.values, place)));
    let rows = transaction.query_typed(&sql, &[(&record, Type::TEXT)]).await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}
