-- Names that look alike are different names.
create table lookalikes (
    id int primary key,
    "caf\u00e9" text,
    U&"caf\00e9" text,
    U&"cafe\0301" text,
    a text,
    U&"\0430" text,
    U&"a\200b" text,
    U&"a\00ad" text,
    U&"\00a0a" text,
    U&"\202ea" text,
    U&"\feffa" text,
    U&"\ff41" text,
    "ſ" text,
    s text,
    "K" text,
    k text,
    "ß" text,
    "ss" text,
    "ı" text,
    i text
);
