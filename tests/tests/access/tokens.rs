//! From a token to what its user reads: the identity that the server makes of it, told to Postgres.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oosync_build::config::{ClaimValue as Configured, Config};
use oosync_runtime::server::auth::{Algorithm, ClaimMapping, ClaimValue, Identity, Jwt, VerifyingKey};
use oosync_tests::{Cluster, TestDatabase};
use postgres::{Client, Transaction};
use ring::hmac;
use serde_json::{Value, json};

use super::installed::{PEOPLE, connect, installation};

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";

/// `todos` by generated policies; `notes` by one that reads the claims themselves; `rooms` by a setting.
const SCHEMA: &str = "
    create table todos (id int primary key, user_id uuid not null);
    create table notes (id int primary key, mine uuid not null);
    create table rooms (id int primary key, tenant int not null);
    alter table notes enable row level security;
    alter table rooms enable row level security;
    create policy own on notes using (mine = (select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'uid')::uuid));
    create policy own on rooms using (tenant = (select nullif(current_setting('app.tenant', true), '')::int));
    insert into todos select n, ('00000000-0000-4000-8000-00000000000' || n % 2)::uuid from generate_series(1, 5) n;
    insert into notes select n, ('00000000-0000-4000-8000-00000000000' || n % 2)::uuid from generate_series(1, 5) n;
    insert into rooms select n, n % 2 from generate_series(1, 5) n;
";

const CONFIG: &str = "[sync]\nexclude = [\"notes\", \"rooms\"]\n[server]\nrole = \"SERVER\"\n\
    [claims]\nuser_id = \"uid\"\nrole = \"role\"\nroles = { authenticated = \"PEOPLE\" }\n\
    settings = { \"request.jwt.claims\" = \"*\", \"app.tenant\" = \"app_metadata.tenant\" }";

/// What the config says, as the server is told.
fn mapping(config: &Config) -> ClaimMapping {
    let claims = &config.claims;
    let roles = claims.roles.iter().map(|(value, role)| (value.value.clone(), role.value.clone()));
    let mapping = ClaimMapping::new().user(&claims.user_id).role(&claims.role.as_ref().unwrap().value, roles);
    claims.settings.iter().fold(mapping, |mapping, setting| {
        let value = match &setting.value.value {
            Configured::All => ClaimValue::All,
            Configured::Claim(name) => ClaimValue::Claim(name.clone()),
            other => panic!("{other:?}"),
        };
        mapping.setting(&setting.setting.value, value)
    })
}

fn identity(jwt: &Jwt, claims: &Value) -> Identity {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let message = format!("{}.{}", encode(b"{\"alg\":\"HS256\"}"), encode(claims.to_string().as_bytes()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message.as_bytes());
    let token = format!("{message}.{}", encode(signature.as_ref()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(jwt.identity(&token)).unwrap()
}

/// As the server begins each request.
fn begin<'a>(client: &'a mut Client, identity: &Identity) -> Transaction<'a> {
    let mut transaction = client.transaction().unwrap();
    for (name, value) in identity.settings() {
        transaction.execute("select set_config($1, $2, true)", &[&name, &value]).unwrap();
    }
    if let Some(role) = identity.role() {
        transaction.execute("select set_config('role', $1, true)", &[&role]).unwrap();
    }
    transaction
}

fn rows(client: &mut Client, identity: &Identity) -> Vec<i64> {
    let mut transaction = begin(client, identity);
    let mut count = |table: &str| {
        transaction.query_one(&format!("select count(*) from {table}"), &[]).unwrap().get::<_, i64>(0)
    };
    ["todos", "notes", "rooms"].map(&mut count).to_vec()
}

/// An installation whose roles begin so: who is in which role is one list for all databases of a cluster.
fn database(prefix: &str) -> (TestDatabase, Jwt) {
    let roles = ["server", "people"].map(|role| format!("{prefix}_{role}"));
    let [server, people] = &roles;
    roles.iter().for_each(|role| Cluster::shared().role(role));
    let database = TestDatabase::with_schema(SCHEMA);
    let config = CONFIG.replace("SERVER", server).replace("PEOPLE", people);
    let (_, config, _, installation) = installation(&database, &config);
    database.execute(&installation.install_sql());
    database.execute(&format!("grant select on notes, rooms to {people}"));
    let jwt = Jwt::builder([Algorithm::Hs256]).key(VerifyingKey::secret(SECRET).unwrap());
    let jwt = jwt.any_issuer().any_audience().claims(mapping(&config)).build().unwrap();
    (database, jwt)
}

fn claims(user: &str, tenant: Value) -> Value {
    json!({"uid": user, "exp": 9_999_999_999_u64, "role": "authenticated", "app_metadata": {"tenant": tenant}})
}

#[test]
fn a_user_reads_what_the_token_says_and_the_next_on_the_same_connection_their_own() {
    let (database, jwt) = database("token");
    let mut client = connect(&database, "token_server");
    for _ in 0..2 {
        assert_eq!(rows(&mut client, &identity(&jwt, &claims(PEOPLE[0], json!(0)))), [2, 2, 2]);
        assert_eq!(rows(&mut client, &identity(&jwt, &claims(PEOPLE[1], json!("1")))), [3, 3, 3]);
        assert_eq!(rows(&mut client, &identity(&jwt, &claims(PEOPLE[2], json!(null)))), [0, 0, 0]);
    }
}

#[test]
fn claims_are_values_and_never_sql() {
    let (database, jwt) = database("hostile");
    let mut client = connect(&database, "hostile_server");
    let hostile =
        ["' or true --", "'; set role postgres; --", "00000000-0000-4000-8000-000000000000' or 'a'='a"];
    for user in hostile {
        let identity = identity(&jwt, &claims(user, json!("0 or true")));
        let mut transaction = begin(&mut client, &identity);
        assert!(transaction.query("select * from todos", &[]).is_err(), "{user}");
        drop(transaction);
        let mut transaction = begin(&mut client, &identity);
        assert!(transaction.query("select * from rooms", &[]).is_err(), "{user}");
        drop(transaction);
    }
    // Odd, and no more than that: what policies are told is what the token said.
    let odd = "é ' \" \\ {} $1 %";
    let identity = identity(&jwt, &claims(odd, json!({"a": [odd]})));
    let mut transaction = begin(&mut client, &identity);
    let sql = "select current_setting('oosync.user_id'), current_setting('request.jwt.claims')::jsonb ->> 'uid', \
        current_setting('app.tenant')::jsonb -> 'a' ->> 0, current_user::text";
    let row = transaction.query_one(sql, &[]).unwrap();
    let said: Vec<String> = (0..4).map(|at| row.get(at)).collect();
    assert_eq!(said, [odd, odd, odd, "hostile_people"]);
}

#[test]
fn names_of_settings_that_are_taken_are_those_that_postgres_takes() {
    let database = TestDatabase::empty();
    let mut client = database.client();
    for name in ["app.tenant", "_a.b$1", "a.b.c", "Request.JWT.claims"] {
        let identity = Identity::new("ada").unwrap().with_setting(name, "x").unwrap();
        drop(begin(&mut client, &identity));
    }
}
