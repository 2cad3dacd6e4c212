-- One column of every type, and the values at the ends of each.

create extension citext;
create extension hstore;
create extension ltree;

create type mood as enum ('sad', 'ok', '', 'Happy!', 'happy', '1st', 'unknown', 'type', 'naïve "quoted"');
create domain small as int2 check (value > -32768 or value is not null);
create domain words as text[];
create type pair as (a int, "B c" text);
create type nested as (p pair, many pair[], moods mood[], "when" timestamptz, raw jsonb, bytes bytea);
create type floats as range (subtype = float8, subtype_diff = float8mi);

create table scalars (
    id int primary key,
    bool bool, int2 int2, int4 int4, int8 int8, oid oid, float4 float4, float8 float8,
    numeric numeric, numeric_scaled numeric(30, 10), money money,
    text text, varchar varchar(40), char char(5), name name, "one char" "char", citext citext,
    timestamptz timestamptz, timestamp timestamp, date date, time time, timetz timetz, interval interval,
    uuid uuid, bytea bytea, json json, jsonb jsonb, xml xml, mood mood, small small
);

create table collections (
    id bigint generated always as identity primary key,
    ints int[], texts text[], words words, numerics numeric[], floats float8[], bools bool[], moments timestamptz[],
    uuids uuid[], bytes bytea[], docs jsonb[], jsons json[], moods mood[], pairs pair[], pair pair, nested nested,
    boxes box[], ranges int4range[], citexts citext[], intervals interval[], dates date[], oids oid[]
);

create table text_forms (
    id uuid primary key default gen_random_uuid(),
    inet inet, cidr cidr, macaddr macaddr, macaddr8 macaddr8, bit bit(5), varbit varbit,
    tsvector tsvector, tsquery tsquery, int4range int4range, int8range int8range, numrange numrange,
    tsrange tsrange, tstzrange tstzrange, daterange daterange, floats floats,
    point point, line line, lseg lseg, box box, path path, polygon polygon, circle circle,
    pg_lsn pg_lsn, jsonpath jsonpath, hstore hstore, ltree ltree
);

-- Keys of many types.
create table key_text (id text primary key, n int);
create table key_bytea (id bytea primary key);
create table key_date (id date primary key);
create table key_timestamptz (id timestamptz primary key, x text);
create table key_bool (id bool primary key);
create table key_mood (id mood primary key, n int);
create table key_many (a int, b text, c uuid, d date, e bool, f int2, primary key (c, a, b, d, e, f));
create table key_of_13 (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int, k int, l int, m int,
    primary key (a, b, c, d, e, f, g, h, i, j, k, l, m));
create table key_inet (id inet primary key);
create table key_ltree (id ltree primary key);
create table key_made (id text primary key default upper('made by the server'), n int);

-- Names.
create schema "other schema";
create table "type" ("type" int primary key, "self" int, "sElF_" int, "crate" int, "1st" int, "€" int, "!" int,
    "async" int, "a_b" int, "aB" int, "A-B" int, "table" int, "columns" int, "id" int, "数字" int, "größe" int,
    "new" int, "key" int, "read" int, "write" int, "COLUMNS_" int, "TABLE_" int, "r#x" int, "_" int, "__" int);
comment on table "type" is E'*/ } fn main() { panic!() } /* "#\n```\nassert!(false);\n```\n    assert!(false);\n\\"\\u{202e} <b>[link]';
comment on column "type"."self" is E'\u202Edesrever "# */ // \r\n #[doc = "x"] `tick`';
create table """); drop table x; --" ("""); --" int primary key, "{}" text default '"; } #"', "%s'" text default E'\u202E''x''\n\\');
create table "other schema"."type" (id int primary key);
create table "Option" (id int primary key, "Some" int, "None" int);
create table "String" (id text primary key);
create table "Vec" (id bytea primary key);
create table "Result" (id int primary key);
create table todo (id int primary key);
create table todo_key (id int primary key);
create table todo_insert (id int primary key);
create table "todoInsert" (id int primary key);
create table mood_table (mood mood primary key);
create table "other schema".mood (id int primary key);
create table "other schema".pair (id int primary key);
create table enums (id int primary key);
create table sql (id int primary key);
create table types (id int primary key);
create table super (id int primary key);
create table "!" (id int primary key);
create table "?" (id int primary key);
create table oosync (oosync int primary key, sql int, types int, row int, value int);
create table only_key (id int primary key);
create table "default" (id int primary key, "q" int, "diesel" int);
create table "mod" (id int primary key);
create table aux (id int primary key);
create table "数据" ("数据" int primary key, "ＩＤ" int, "ⅷ" int, "имя" text);
create type "empty type" as ();
create type "Items_Key" as enum ();
create table "Items" (id int primary key, nothing "empty type", nobody "Items_Key");

-- Defaults of every kind.
create table defaults (
    id serial primary key,
    b bool not null default true, i int not null default -5, t text not null default 'it''s "so"',
    n numeric not null default 1.50, f float8 not null default 2.5, ts timestamptz not null default now(),
    d date not null default current_date, u uuid not null default gen_random_uuid(), j jsonb not null default '{"a": [1]}',
    a text[] not null default '{a,b}', m mood not null default 'ok', by bytea not null default '\x00ff',
    s text not null default upper('server'), g int generated always as (i * 2) stored, nothing int not null
);

create table parents (id int primary key, user_id int not null);
create table children (
    id int primary key, parent_id int not null references parents on delete cascade,
    self_id int references children
);

-- A query of `ancestors` shows the rows of `heirs` too, under keys of their own.
create table ancestors (id int primary key, n int);
create table heirs (more int, primary key (id)) inherits (ancestors);
