//! What is written to the tables. None of it knows whether there is a network.

use oosync_runtime::client::store::InboxItem;
use oosync_runtime::prelude::*;
use oosync_runtime::rusqlite::{Connection, params_from_iter};
use oosync_runtime::types::Uuid;
use todo::finish;
use todo::schema::{List, ListInsert, ListPatch, Team, Todo, TodoInsert, TodoPatch};

use crate::Result;
use crate::command_line::Keep;

pub(crate) fn add(connection: &Connection, user: Uuid, list: &str, title: String) -> Result {
    let known = find_list(connection, list)?;
    let list = match known {
        Some(list) => list.id,
        None => ListInsert::new(user, list.to_owned()).insert(connection)?.id,
    };
    TodoInsert::new(list, title).insert(connection)?;
    Ok(())
}

pub(crate) fn rename(connection: &Connection, title: &str, new: String) -> Result {
    let todo = find_todo(connection, title)?;
    Todo::patch(connection, &todo.id, &TodoPatch { title: Some(new), ..TodoPatch::default() })?;
    Ok(())
}

pub(crate) fn done(connection: &Connection, title: &str) -> Result {
    finish(connection, find_todo(connection, title)?.id)?;
    Ok(())
}

/// Who is in the team sees the list and writes in it; without a team, it is its owner's alone.
pub(crate) fn share(connection: &Connection, list: &str, team: Option<&str>) -> Result {
    let list = find_list(connection, list)?.ok_or_else(|| format!("there is no list “{list}” here"))?;
    let team_id = match team {
        None => None,
        Some(name) => {
            let team = Team::query().filter(Team::NAME.eq(name.to_owned())).first(connection)?;
            Some(team.ok_or_else(|| format!("there is no team “{name}” here"))?.id)
        }
    };
    List::patch(connection, &list.id, &ListPatch { team_id: Some(team_id), ..ListPatch::default() })?;
    Ok(())
}

/// Writes one side of a conflict where the other one stands. It is plain SQL, since an item may be of any table.
pub(crate) fn settle(connection: &Connection, item: &InboxItem, keep: Keep) -> Result {
    let differ = item.columns.iter().filter(|column| !column.is_key && column.mine != column.theirs);
    let (set, values): (Vec<_>, Vec<_>) = match keep {
        Keep::Mine => differ.filter(|column| column.lost).map(|column| (&column.name, &column.mine)).unzip(),
        Keep::Theirs => {
            differ.filter(|column| !column.lost).map(|column| (&column.name, &column.theirs)).unzip()
        }
    };
    if set.is_empty() {
        return Ok(());
    }
    let (key, of_key): (Vec<_>, Vec<_>) =
        item.columns.iter().filter(|column| column.is_key).map(|column| (&column.name, &column.mine)).unzip();
    let is = |name: &&String| format!("{} = ?", quoted(name));
    let set: Vec<String> = set.iter().map(is).collect();
    let key: Vec<String> = key.iter().map(is).collect();
    let sql = format!("UPDATE {} SET {} WHERE {}", quoted(&item.table), set.join(", "), key.join(" AND "));
    if connection.execute(&sql, params_from_iter(values.into_iter().chain(of_key)))? == 0 {
        return Err("the row is gone: write it anew, or `resolve theirs`".into());
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn find_list(connection: &Connection, title: &str) -> Result<Option<List>> {
    let named = List::query().filter(List::TITLE.eq(title.to_owned())).filter(List::DELETED_AT.is_null());
    Ok(named.first(connection)?)
}

fn find_todo(connection: &Connection, title: &str) -> Result<Todo> {
    let named = Todo::query().filter(Todo::TITLE.eq(title.to_owned())).filter(Todo::DELETED_AT.is_null());
    named.first(connection)?.ok_or_else(|| format!("there is no todo “{title}” here").into())
}
