//! The rows of a bucket that a user has come into.

use std::time::Instant;

use oosync_benches::figures::Figures;
use oosync_benches::server::{Server, run, uuid_of, value};

const ROWS: usize = 1_000_000;

pub(crate) fn measure(server: &Server, figures: &mut Figures) {
    let database = server.with_capture();
    let mut client = database.client();
    run(&mut client, "set session_replication_role = replica");
    for table in ["documents", "lists", "todos", "comments", "reactions", "projects"] {
        run(&mut client, &format!("alter table {table} disable trigger user"));
    }
    let rest = "'title', null, null, 1, false, null, null, null, now(), now()";
    run(
        &mut client,
        &format!(
            "insert into documents select {id}, {owner}, {rest} from generate_series(0, {ROWS} - 1) n;
         insert into projects select {id}, n % 10000, 'project' from generate_series(0, {ROWS} - 1) n;
         insert into lists select {id}, {owner}, 'list' from generate_series(0, {ROWS} / 1000 - 1) n;
         insert into todos select {id}, {parent}, 'todo' from generate_series(0, {ROWS} / 100 - 1) n;
         insert into comments select {id}, {parent}, 'comment' from generate_series(0, {ROWS} / 10 - 1) n;
         insert into reactions select {id}, {parent}, {rest} from generate_series(0, {ROWS} - 1) n;",
            id = uuid_of("n"),
            owner = uuid_of("n % 10000"),
            parent = uuid_of("n / 10"),
        ),
    );
    run(&mut client, "vacuum analyze");
    for (table, bucket, wanted) in [
        ("documents", format!("'user:' || {}", uuid_of("7")), 100),
        ("projects", "'team:7'".to_owned(), 100),
        ("reactions", format!("'user:' || {}", uuid_of("7")), 1_000),
    ] {
        let sql = format!("select count(*) from oosync.\"public.{table} in\"(array[{bucket}])");
        let mut values = Vec::new();
        for _ in 0..20 {
            assert_eq!(value::<i64>(&mut client, &sql), wanted, "{sql}");
            let began = Instant::now();
            run(&mut client, &sql);
            values.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        figures.alone(
            &format!("a gained bucket of {wanted} rows, of 1,000,000 in {table}"),
            "ms",
            &values,
            "by index",
        );
    }
}
