-- A column keeps a collation other than the default of its type.
create table words (
    plain text,
    explicit_default text collate "default",
    c text collate "C",
    posix text collate "POSIX",
    c_qualified text collate pg_catalog."C",
    short varchar(10) collate "C",
    fixed char(10) collate "POSIX",
    list text[] collate "C",
    label name,
    label_default name collate "default"
);
