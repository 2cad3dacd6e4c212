-- A name that tries to end what it is written into is only a name.
create table "x""; drop table y; --" (
    id int primary key,
    "*/" int,
    "/*" int,
    "-- " int,
    "'); drop table y; --" int,
    """); drop table y; --" text,
    "$$" int,
    "$1" int,
    "${x}" int,
    "{0}" int,
    "%s" int,
    """#" int,
    "r#""" int,
    "#[x]" int,
    "<script>alert(1)</script>" int,
    "]]>" int,
    "../../etc/passwd" int,
    "*/ fn main() {} /*" int,
    "\"") }" int,
    "?" int,
    ":x" int,
    "@oosync.ignore" int
);
create type "y'; drop table y; --" as enum ('''); drop table y; --', '*/', '"#', '$$');
create table "*/" (
    id int primary key,
    "x" int references "x""; drop table y; --",
    "y" "y'; drop table y; --" default '''); drop table y; --',
    constraint "*/ ""; drop table y; --" check ("x" > 0)
);
create index "'; drop table y; --" on "*/" ("x");
comment on table "*/" is '*/ "; drop table y; -- $$ "# ]]> ${x} {0} %s';
comment on column "*/"."x" is E'*/\n}\n#[x] "# \\';
