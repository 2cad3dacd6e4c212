//! Policies let indexes serve.

use super::installed::{CONFIG, PEOPLE, SCHEMA, connect, installed};

/// Many rows of many people; each user has few.
const FILL: &str = "
    insert into users select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'x' from generate_series(10, 2000) n;
    insert into teams select n, '00000000-0000-4000-8000-000000000000', 'x' from generate_series(10, 2000) n;
    insert into lists select n, ('00000000-0000-4000-8000-' || lpad((10 + n % 1990)::text, 12, '0'))::uuid, 10 + n % 1990
      from generate_series(10, 40000) n;
    insert into todos select n, 10 + n % 39990 from generate_series(10, 120000) n;
    insert into jobs select n, array[]::uuid[] from generate_series(10, 1000) n;
    analyze;
";

fn plan(client: &mut postgres::Client, user: &str, sql: &str) -> String {
    let mut transaction = client.transaction().unwrap();
    transaction.execute("select set_config('oosync.user_id', $1, true)", &[&user]).unwrap();
    let lines = transaction.query(&format!("explain (costs off) {sql}"), &[]).unwrap();
    lines.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

#[test]
fn owners_members_and_children_are_found_by_index() {
    let database = installed(SCHEMA, CONFIG);
    database.execute("alter table lists disable trigger user; alter table todos disable trigger user;
        alter table users disable trigger user; alter table teams disable trigger user; alter table jobs disable trigger user");
    database.execute(FILL);
    let mut client = connect(&database, "oosync_server");
    let lists = plan(&mut client, PEOPLE[2], "select id, body from lists");
    assert!(lists.contains("lists_owner_id_idx") && lists.contains("lists_team_id_idx"), "{lists}");
    assert!(!lists.contains("Seq Scan on lists"), "{lists}");
    let todos = plan(&mut client, PEOPLE[2], "select id, body from todos");
    assert!(todos.contains("todos_list_id_idx") && !todos.contains("Seq Scan"), "{todos}");
    let users = plan(&mut client, PEOPLE[2], "select id from users");
    assert!(users.contains("users_pkey"), "{users}");
    // One row is looked up by its key, whatever the policy costs.
    let one = plan(&mut client, PEOPLE[2], "select id from todos where id = 77");
    assert!(one.contains("todos_pkey") || one.contains("todos_list_id_idx"), "{one}");
    let update = plan(&mut client, PEOPLE[2], "update todos set body = '' where id = 77");
    assert!(update.contains("Index Scan using todos_pkey"), "{update}");
    // Without an index the keys are a hash, made once.
    let comments = plan(&mut client, PEOPLE[2], "select id from comments");
    assert!(comments.contains("hashed SubPlan"), "{comments}");
}
