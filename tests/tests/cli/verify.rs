//! `cargo oosync verify`: a device's file beside the rows of its user.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oosync_build::introspect::snapshot;
use oosync_build::plan::Strictness;
use oosync_build::postgres::{Installation, Wrapping};
use oosync_build::project::Project as Planned;
use oosync_runtime::client::Client;
use oosync_runtime::rusqlite::Connection;
use oosync_runtime::schema::Schema;
use oosync_runtime::server::schema_of;
use oosync_tests::TestDatabase;
use oosync_tests::fire::user;
use ring::hmac;
use serde_json::Value;

use crate::project::{Output, Project};

/// A server over a database with 200 lists, and a device that has them.
struct Synced {
    project: Project,
    database: TestDatabase,
    server: Child,
    url: String,
    schema: &'static Schema,
}

/// Who may sign tokens, as the server knows them.
const SECRET: &str = "a secret that is known to nobody else";

/// A token of a user of tenant `north`.
fn token(number: usize) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let claims = format!(r#"{{"sub": "{}", "tenant": "north", "exp": 4102444800}}"#, user(number));
    let message = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), encode(claims.as_bytes()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref()))
}

impl Synced {
    fn new() -> Self {
        Self::of("", "", "trust_header = \"x-user\"")
    }

    /// Every other list is shown to people of the tenant `north` alone, whose tokens say so.
    fn of_tenants() -> Self {
        let auth = "algorithms = [\"HS256\"]\nissuers = \"*\"\naudiences = \"*\"";
        let policy = "alter table lists enable row level security;
            create policy tenants on lists as restrictive for select to oosync_server
              using (title not like '%0' or current_setting('app.tenant', true) = 'north')";
        Self::of(policy, "\n[claims.settings]\n\"app.tenant\" = \"tenant\"\n", auth)
    }

    /// With more in the schema and in its config, and with this in `[auth]` of the server's.
    fn of(sql: &str, config: &str, auth: &str) -> Self {
        let project = Project::new();
        let database = TestDatabase::with_schema(include_str!("../../../examples/todo/schema.sql"));
        database.execute(sql);
        project.write("Oosync.toml", &format!("{}{config}", include_str!("../../../Oosync.toml")));
        project.write("oosyncd.toml", &format!("[auth]\n{auth}\n"));
        project.write("token", &format!("{}\n", token(0)));
        let facts = snapshot(&mut database.client(), &["public"]).unwrap();
        facts.save(&project.path("oosync.facts.json")).unwrap();
        let planned = Planned::with_config(&project.path("Oosync.toml")).unwrap();
        let plan = planned.plan(Strictness::Strict).unwrap_or_else(|error| panic!("{error}")).plan;
        let installation = Installation::new(&plan, &facts, &planned.config).unwrap();
        database.execute(&installation.script(Wrapping::Transaction));
        let owner = user(0);
        database.execute(&format!(
            "insert into users (id, email, name) values ('{owner}', 'user@example.org', 'User');
             insert into lists (owner_id, title) select '{owner}', 'List ' || n from generate_series(1, 200) n"
        ));
        let script = format!("#!/bin/sh\nexec {} server \"$@\"\n", env!("CARGO_BIN_EXE_faults"));
        project.write("oosyncd", &script);
        std::fs::set_permissions(project.path("oosyncd"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let (server, url) = serve(&project, &database);
        let synced = Self { schema: schema_of(&plan), project, database, server, url };
        assert!(synced.client().sync().unwrap().bootstrapped);
        synced
    }

    /// The app.
    fn client(&self) -> Client {
        let builder = Client::builder(self.file(), self.schema).url(&self.url);
        let builder = builder.header("x-user", user(0)).token(|_| Ok(token(0)));
        builder.open().unwrap_or_else(|error| panic!("{error}"))
    }

    fn file(&self) -> std::path::PathBuf {
        self.project.path("app.db")
    }

    /// SQL on the file, of which its triggers know nothing.
    fn behind_the_back(&self, sql: &str) {
        let app = Connection::open(self.file()).unwrap();
        app.execute_batch(&format!(
            "BEGIN; INSERT INTO _oosync_silence (on_) VALUES (1); {sql}; DELETE FROM _oosync_silence; COMMIT"
        ))
        .unwrap();
    }

    fn title(&self, of: &str) -> Vec<String> {
        let app = Connection::open(self.file()).unwrap();
        let mut statement = app.prepare("SELECT title FROM lists WHERE title LIKE ?1").unwrap();
        let rows = statement.query_map([of], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn verify(&self, arguments: &[&str]) -> Output {
        self.verify_with(&self.database.url_as("oosync_server"), arguments)
    }

    fn verify_with(&self, url: &str, arguments: &[&str]) -> Output {
        let program = self.project.path("oosyncd");
        let environment = [("OOSYNCD", program.to_str().unwrap()), ("OOSYNC_DATABASE_URL", url)];
        let mut all = vec!["verify", "app.db"];
        all.extend_from_slice(arguments);
        self.project.run_with(&environment, &all)
    }

    /// What programs are told, of one table.
    fn found(&self, arguments: &[&str], table: &str) -> (i32, String, Value) {
        let mut all = vec!["--format", "json"];
        all.extend_from_slice(arguments);
        let output = self.verify(&all);
        let document: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let tables = document["tables"].as_array().unwrap();
        let found = tables.iter().find(|found| found["table"] == table).unwrap().clone();
        (output.code, document["status"].as_str().unwrap().to_owned(), found)
    }
}

impl Drop for Synced {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(project: &Project, database: &TestDatabase) -> (Child, String) {
    let mut server = Command::new(project.path("oosyncd"))
        .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--project"])
        .arg(Path::new(&project.folder))
        .arg("--config")
        .arg(project.path("oosyncd.toml"))
        .env("OOSYNC_JWT_SECRET", SECRET)
        .env("OOSYNC_DATABASE_URL", database.url_as("oosync_server"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let url = loop {
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap_or_default();
        if event["message"] == "listening" {
            break event["url"].as_str().unwrap().to_owned();
        }
    };
    // Somebody has to read what it says.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    (server, url)
}

#[test]
fn a_file_that_has_what_the_server_has_is_right_and_what_is_not_sent_yet_is_no_difference() {
    let synced = Synced::new();
    let app = synced.client().connection().unwrap();
    app.execute_batch("UPDATE lists SET title = 'Mine' WHERE title = 'List 7'").unwrap();
    synced.database.execute("update lists set title = 'Theirs' where title = 'List 9'");
    let output = synced.verify(&[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("lists") && output.stdout.contains("the same"), "{output:?}");
    assert!(output.stdout.contains("1 changed since the last pull, and not compared"), "{output:?}");
    assert!(output.stdout.contains(&format!("the file has what the server has for user {}", user(0))));
    assert_eq!(synced.verify(&["-q"]).stdout, "");
    let by_server = synced.verify(&["--server", &synced.url, "--trust-header", "x-user"]);
    assert_eq!(by_server, output, "a server says the same");
    let there: i64 = synced
        .database
        .client()
        .query_one("select count(*) from lists where title = 'Mine'", &[])
        .unwrap()
        .get(0);
    assert_eq!(there, 0, "nothing is sent");
    assert_eq!(synced.title("List 9"), ["List 9"], "and nothing comes");
}

#[test]
fn a_bit_that_flipped_in_a_row_is_found_and_stays_until_it_is_to_be_repaired() {
    let synced = Synced::new();
    synced.behind_the_back("UPDATE lists SET title = 'Mist 7' WHERE title = 'List 7'");
    for _ in 0..2 {
        let (code, status, lists) = synced.found(&[], "lists");
        assert_eq!((code, status.as_str()), (1, "drift"));
        assert_eq!(
            (&lists["differing_ranges"], &lists["missing_or_other"]),
            (&1.into(), &1.into()),
            "{lists}"
        );
    }
    let human = synced.verify(&[]);
    assert_eq!(human.code, 1);
    assert!(human.stdout.contains("1 missing or other here, 0 unknown to the server"), "{human:?}");
    assert_eq!(synced.title("Mist%"), ["Mist 7"], "nothing was written");

    let (code, status, lists) = synced.found(&["--repair"], "lists");
    assert_eq!((code, status.as_str()), (0, "repaired"));
    assert_eq!(lists["missing_or_other"], 1, "the other rows are not sent: {lists}");
    assert_eq!(synced.title("%ist 7"), ["List 7"]);
    assert_eq!(synced.found(&[], "lists").1, "ok");
}

#[test]
fn what_was_written_without_a_trigger_of_the_file_is_found_and_the_trigger_too() {
    let synced = Synced::new();
    let app = Connection::open(synced.file()).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'lists' AND name LIKE '%update%' LIMIT 1";
    let trigger: String = app.query_row(sql, [], |row| row.get(0)).unwrap();
    app.execute_batch(&format!(
        "DROP TRIGGER \"{trigger}\"; UPDATE lists SET title = 'Unseen' WHERE title = 'List 7'"
    ))
    .unwrap();
    drop(app);
    let output = synced.verify(&[]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stdout.contains(&trigger) && output.stdout.contains("1 missing or other here"),
        "{output:?}"
    );
    assert_eq!(synced.verify(&["--repair"]).code, 0);
    assert_eq!(synced.verify(&[]).code, 0);
}

#[test]
fn a_table_that_was_rewritten_behind_the_log_is_found_and_so_is_a_trigger_that_is_off() {
    let synced = Synced::new();
    synced.database.execute(
        "alter table lists disable trigger all; update lists set title = 'Rewritten ' || title where title like '%3';
         delete from lists where title = 'List 8'; alter table lists enable trigger all",
    );
    // `enable trigger` alone leaves them off for replicas; the server wants them always on.
    let output = synced.verify(&[]);
    assert!(output.code == 4 && output.stderr.contains("are not captured"), "{output:?}");
    synced.database.execute(
        "do $$ declare o record; begin for o in select name, relation from oosync.object where kind = 'trigger'
           loop execute format('alter table %s enable always trigger %s', o.relation, o.name); end loop; end $$",
    );
    let (code, _, lists) = synced.found(&[], "lists");
    assert_eq!(code, 1);
    assert_eq!((&lists["missing_or_other"], &lists["unknown_to_server"]), (&20.into(), &1.into()), "{lists}");
    assert_eq!(synced.found(&["--repair"], "lists").1, "repaired");
    assert_eq!((synced.title("Rewritten%").len(), synced.title("List 8").len()), (20, 0));
}

#[test]
fn what_cannot_be_compared_is_told_from_what_differs_by_the_exit_code() {
    let synced = Synced::new();
    let fails = |output: Output, code: i32, what: &str| {
        assert!(output.code == code && output.stderr.contains(what), "{code} {what}: {output:?}");
    };
    fails(synced.verify(&["--user", &user(1)]), 2, "not of");
    fails(synced.verify_with("", &[]), 2, "no database was named");
    fails(synced.verify_with("postgres://oosync_server@127.0.0.1:1/none", &[]), 3, "help");
    fails(synced.verify(&["--server", "http://127.0.0.1:1", "--trust-header", "x-user"]), 3, "offline");
    fails(synced.verify(&["--server", &synced.url]), 2, "OOSYNC_TOKEN");
    fails(synced.verify_with(&synced.database.url(), &[]), 4, "superuser");
    std::fs::write(synced.project.path("other.db"), "no database").unwrap();
    let json = synced.verify(&["--format", "json", "--user", "nobody"]);
    let document: Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!((&document["status"], &document["code"]), (&"error".into(), &2.into()));

    let program = synced.project.path("oosyncd");
    let url = synced.database.url_as("oosync_server");
    let environment = [("OOSYNCD", program.to_str().unwrap()), ("OOSYNC_DATABASE_URL", url.as_str())];
    fails(synced.project.run_with(&environment, &["verify", "other.db"]), 5, "cannot be read");
    fails(synced.project.run_with(&environment, &["verify", "none.db"]), 5, "cannot be read");
    fails(
        synced.project.run_with(&[("OOSYNCD", "/nowhere/oosyncd"), environment[1]], &["verify", "app.db"]),
        2,
        "install",
    );
    // An app of another version would change the file.
    let other = Project::with_facts_of(&TestDatabase::with_schema(crate::project::SCHEMA));
    other.write("Oosync.toml", "[tables.users]\nunowned = \"everyone\"\n");
    std::fs::copy(synced.file(), other.path("app.db")).unwrap();
    fails(other.run_with(&environment, &["verify", "app.db"]), 4, "has the schema");
    // Whoever syncs it holds the file.
    let client = synced.client();
    client.start(oosync_runtime::client::StartOptions::default()).unwrap();
    while client.status().unwrap().synced_at.is_none() {
        std::thread::yield_now();
    }
    assert_eq!(synced.verify(&[]).code, 0, "a copy is compared all the same");
    fails(synced.verify(&["--repair"]), 5, "close the app");
}

#[test]
fn where_policies_read_claims_it_is_said_who_asks() {
    let synced = Synced::of_tenants();
    assert_eq!(synced.title("%0").len(), 20, "the token says whose tenant it is");
    let claims =
        |number: usize, tenant: &str| format!(r#"{{"sub": "{}", "tenant": "{tenant}"}}"#, user(number));
    let unsaid = synced.verify(&[]);
    assert!(unsaid.code == 2 && unsaid.stderr.contains("--claims"), "{unsaid:?}");

    let right = synced.verify(&["--claims", &claims(0, "north")]);
    assert!(right.code == 0 && right.stdout.contains("the same"), "{right:?}");
    let other = synced.verify(&["--claims", &claims(0, "south")]);
    assert!(other.code == 3 && other.stderr.contains("nothing can be compared"), "{other:?}");

    let (program, config) = (synced.project.path("oosyncd"), synced.project.path("oosyncd.toml"));
    let (program, config) = (program.to_str().unwrap(), config.to_str().unwrap());
    let url = synced.database.url_as("oosync_server");
    let environment = [
        ("OOSYNCD", program),
        ("OOSYNC_DATABASE_URL", url.as_str()),
        ("OOSYNC_CONFIG", config),
        ("OOSYNC_JWT_SECRET", SECRET),
    ];
    let with = |arguments: &[&str]| {
        let mut all = vec!["verify", "app.db"];
        all.extend_from_slice(arguments);
        synced.project.run_with(&environment, &all)
    };
    assert_eq!(with(&["--token", "token"]), right, "a token has them");
    assert_eq!(with(&["--server", &synced.url, "--token", "token"]), right, "and a server asks for one");

    synced.project.write("token", &token(1));
    let of_another = with(&["--token", "token"]);
    assert!(of_another.code == 2 && of_another.stderr.contains("not of"), "{of_another:?}");
    let of_another = synced.verify(&["--claims", &claims(1, "north")]);
    assert!(of_another.code == 2 && of_another.stderr.contains("not of"), "{of_another:?}");
    synced.project.write("token", "e30.e30.e30");
    let forged = with(&["--token", "token"]);
    assert!(forged.code == 2 && forged.stderr.contains("the token is not taken"), "{forged:?}");
    for (wrong, what) in [("{}", "`sub`"), ("[]", "no JSON object")] {
        let wrong = synced.verify(&["--claims", wrong]);
        assert!(wrong.code == 2 && wrong.stderr.contains(what), "{wrong:?}");
    }
    let both = synced.verify(&["--claims", "{}", "--token", "token"]);
    assert!(both.code == 2 && both.stderr.contains("cannot be used with"), "{both:?}");
}
