//! Which keys of a bucket the user has, and who has a row by a function.
//!
//! Policies ask functions that run with the rights of whoever installed them: a policy that read the membership table
//! as the user would be asked for that table's own policy, and so on without end.

use std::collections::BTreeSet;

use super::column::{column_type, compared};
use super::user::{USER, forms, user_as};
use super::{ALL_SETTINGS, Object, definer, definer_head, dollar_quoted, literal, own_name, table_name};
use crate::config::{FunctionName, Membership};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::{Facts, QualifiedName};
use crate::plan::{Plan, PlanBucket};

/// The functions of a bucket that capture and `oosync.buckets()` call: nobody else may ask for others.
pub(super) fn functions(bucket: &PlanBucket) -> Option<Object> {
    match &bucket.members {
        Membership::Function(function) => Some(users(bucket, &function.value)),
        Membership::Query(query) => Some(of_query(bucket, &query.value)),
        Membership::Table { .. } => None,
    }
}

/// The functions of a bucket that policies call: they speak of the user of the request alone.
pub(super) fn functions_of_policies(plan: &Plan, facts: &Facts, bucket: &PlanBucket) -> Vec<Object> {
    match &bucket.members {
        Membership::Function(function) => vec![has(plan, facts, bucket, &function.value)],
        Membership::Table { .. } | Membership::Query(_) => {
            types(facts, bucket).iter().map(|types| keys(facts, bucket, types)).collect()
        }
    }
}

/// The tables of a query's bucket agree on how many columns its key has.
pub(super) fn check(bucket: &PlanBucket, problems: &mut Diagnostics) {
    let odd = bucket.tables.iter().find(|(_, columns)| columns.len() != width(bucket));
    if let (Membership::Query(_), Some((table, columns)), Some((first, _))) =
        (&bucket.members, odd, bucket.tables.first())
    {
        let message = format!(
            "the key of bucket `{}` has {} columns in {table}, and {} in {first}",
            bucket.name,
            columns.len(),
            width(bucket)
        );
        problems.push(Diagnostic::error(message).help("name as many columns as the query gives"));
    }
}

/// The types that the bucket's key has in its tables.
fn types(facts: &Facts, bucket: &PlanBucket) -> BTreeSet<Vec<String>> {
    let of = |(table, columns): &(QualifiedName, Vec<String>)| key_types(facts, table, columns);
    bucket.tables.iter().map(of).collect()
}

/// The types of the columns that hold a bucket's key.
pub(super) fn key_types(facts: &Facts, table: &QualifiedName, columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| column_type(facts, table, column)).collect()
}

/// `oosync."team keys integer"`: the keys of the user's buckets, as values of these types.
pub(super) fn keys_name(bucket: &str, types: &[String]) -> String {
    own_name(&format!("{bucket} keys {}", types.join(", ")))
}

/// `setof uuid`, or `table (k1 uuid, k2 integer)`.
pub(super) fn returns(types: &[String]) -> String {
    match types {
        [one] => format!("setof {one}"),
        several => {
            let columns = several.iter().enumerate().map(|(at, ty)| format!("k{} {ty}", at + 1));
            format!("table ({})", columns.collect::<Vec<_>>().join(", "))
        }
    }
}

fn keys(facts: &Facts, bucket: &PlanBucket, types: &[String]) -> Object {
    let name = keys_name(&bucket.name, types);
    let body = match (&bucket.members, &bucket.table) {
        (Membership::Table { user, key, .. }, Some(table)) => {
            let columns = key.iter().zip(types).map(|(column, wanted)| {
                let same = column_type(facts, table, &column.value) == *wanted;
                let cast = if same { String::new() } else { format!("::text::{wanted}") };
                format!("{}{cast}", compared(facts, table, "m", &column.value))
            });
            format!(
                "  select {}\n    from {} m\n    where {}\n",
                columns.collect::<Vec<_>>().join(", "),
                table_name(table),
                member(facts, table, &user.value),
            )
        }
        _ => {
            let columns = types.iter().enumerate().map(|(at, ty)| format!("q.k{}::{ty}", at + 1));
            format!(
                "  select {}\n    from {}({USER}) q\n",
                columns.collect::<Vec<_>>().join(", "),
                query_name(bucket)
            )
        }
    };
    definer(&name, "", &returns(types), ALL_SETTINGS, &body)
}

/// `m.user_id = …`.
pub(super) fn member(facts: &Facts, table: &QualifiedName, user: &str) -> String {
    format!("{} = {}", compared(facts, table, "m", user), user_as(&column_type(facts, table, user)))
}

/// `oosync."team query"`: the query of the config, for a user's id.
pub(super) fn query_name(bucket: &PlanBucket) -> String {
    own_name(&format!("{} query", bucket.name))
}

/// How many columns the key of a bucket by query has.
pub(super) fn width(bucket: &PlanBucket) -> usize {
    bucket.tables.first().map_or(1, |(_, columns)| columns.len())
}

fn of_query(bucket: &PlanBucket, query: &str) -> Object {
    let columns = |of: &dyn Fn(usize) -> String| (1..=width(bucket)).map(of).collect::<Vec<_>>().join(", ");
    // A query with more columns than the key has, or fewer, is none that Postgres takes in a union.
    let body = format!(
        "  select {} from (\n    select {} where false union all (\n{}\n    )\n  ) q ({}) where $1 is not null\n",
        columns(&|at| format!("q.k{at}::text")),
        columns(&|_| "null".to_owned()),
        query.trim().trim_end_matches(';'),
        columns(&|at| format!("k{at}")),
    );
    let returns = format!("table ({})", columns(&|at| format!("k{at} text")));
    definer(&query_name(bucket), "text", &returns, ALL_SETTINGS, &body)
}

/// `oosync."region users"`: who has a row, for the log.
pub(super) fn users_name(bucket: &str) -> String {
    own_name(&format!("{bucket} users"))
}

/// `oosync."region has"`: whether the user has a row.
pub(super) fn has_name(bucket: &str) -> String {
    own_name(&format!("{bucket} has"))
}

fn function_name(function: &FunctionName) -> String {
    table_name(&QualifiedName::new(function.schema.as_deref().unwrap_or("public"), &function.name))
}

fn users(bucket: &PlanBucket, function: &FunctionName) -> Object {
    let name = users_name(&bucket.name);
    let arguments = "tbl text, operation text, new_row jsonb, old_row jsonb, pk text[]";
    let asked = format!(
        "select distinct u.who from {}(tbl, operation, new_row, old_row) u (who) where u.who is not null",
        function_name(function)
    );
    let body = match bucket.fan_out_limit {
        // A row that has too many users already, since the function is another one now, can be taken from them.
        Some(limit) => format!(
            "  select array(select l.who from ({asked} limit case when operation <> 'DELETE' then {limit} + 1 end) l) into found;\n  \
             if operation <> 'DELETE' and cardinality(found) > {limit} then\n    \
             raise exception '%', format('oosync: more than %s users have the row %s of %s, by the bucket %s', {limit}, pk, tbl, {})\n      \
             using errcode = 'program_limit_exceeded',\n      \
             hint = 'raise fan_out_limit of the bucket, or let its function give fewer users';\n  end if;\n",
            literal(&bucket.name),
        ),
        None => format!("  select array({asked}) into found;\n"),
    };
    let create = format!(
        "{}as {};\n",
        definer_head(&name, arguments, "setof text", "plpgsql", ALL_SETTINGS),
        dollar_quoted(
            "oosync",
            &format!(
                "\n#variable_conflict use_column\ndeclare\n  found text[];\nbegin\n  \
                 -- A row of nothing but nulls is none: what a trigger has as NEW before a delete.\n  \
                 if jsonb_strip_nulls(coalesce(new_row, old_row)) = '{{}}' then\n    return;\n  end if;\n\
                 {body}  return query select w.who from unnest(found) w (who);\nend\n"
            ),
        ),
    );
    Object::function(format!("{name}(text, text, jsonb, jsonb, text[])"), create)
}

fn has(plan: &Plan, facts: &Facts, bucket: &PlanBucket, function: &FunctionName) -> Object {
    let body = format!(
        "  select exists (\n    select from {}($1, $2, $3, $4) u (who)\n    where u.who in ({})\n  )\n",
        function_name(function),
        forms(plan, facts).join(", "),
    );
    definer(&has_name(&bucket.name), "text, text, jsonb, jsonb", "boolean", "", &body)
}
