-- A name may be a word reserved by SQL or by a programming language.
create table "table" ("select" int primary key, "from" text, "where" text, "user" text, "order" int, "null" text, "default" int default 1);
create table "user" ("table" int references "table" ("select"), "check" int check ("check" > 0), "primary" int primary key);
create table "type" ("self" int primary key, "Self" int, "crate" int, "super" int, "fn" int, "async" int, "await" int, "dyn" int, "gen" int, "match" int, "impl" int, "mod" int, "r#type" int, "_" int, "__" int, "class" int, "function" int, "constructor" int, "__proto__" int, "prototype" int, "toString" int, "this" int, "new" int, "undefined" int, "arguments" int, "Option" int, "String" int, "Vec" int);
create type "enum" as enum ('enum', 'struct', 'self', 'Self', 'type', 'None', 'Some', 'null', '__proto__');
create table "struct" ("enum" "enum" primary key);
