//! In which buckets a user is.

use super::chain::named;
use super::column::text;
use super::membership::{member, query_name, width};
use super::user::{USER, forms};
use super::{ALL_SETTINGS, Object, definer_head, dollar_quoted, table_name};
use crate::config::Membership;
use crate::facts::Facts;
use crate::plan::Plan;

/// `oosync.buckets()`: those of the user in the setting `oosync.user_id`.
pub(super) fn of_user(plan: &Plan, facts: &Facts) -> Object {
    let mut parts = vec!["  select '*'::text\n".to_owned()];
    for form in forms(plan, facts) {
        parts.push(format!("  select 'user:' || {form} where {USER} is not null\n"));
    }
    for bucket in &plan.buckets {
        match (&bucket.members, &bucket.table) {
            (Membership::Table { user, key, .. }, Some(table)) => {
                let key: Vec<_> = key.iter().map(|column| text(facts, table, "m", &column.value)).collect();
                parts.push(format!(
                    "  select {} from {} m where {}\n",
                    named(&bucket.name, &key),
                    table_name(table),
                    member(facts, table, &user.value),
                ));
            }
            (Membership::Query(_), _) => {
                let key: Vec<_> = (1..=width(bucket)).map(|at| format!("q.k{at}")).collect();
                let (name, key) = (query_name(bucket), named(&bucket.name, &key));
                parts.push(format!("  select {key} from {name}({USER}) q\n"));
            }
            // Who has a row by a function has it as a user.
            _ => {}
        }
    }
    // In plpgsql, which makes its plan once a session: every pull asks.
    let head = definer_head("oosync.buckets", "", "setof text", "plpgsql stable", ALL_SETTINGS);
    let body = format!("\nbegin\n  return query\n{};\nend\n", parts.join("  union\n").trim_end());
    let create = format!(
        "-- The buckets of the user of this request: one's own, everyone's, and those one is a member of.\n{head}as {};\n",
        dollar_quoted("oosync", &body),
    );
    Object::function("oosync.buckets()", create)
}
