-- A column keeps a collation of the built-in provider.
-- postgres: 17
create collation fast (provider = builtin, locale = 'C.UTF-8');
create table words (
    a text collate "pg_c_utf8",
    b text collate "ucs_basic",
    c text collate fast
);
