-- A column keeps a collation that the schema defines, wherever it is.
create schema locales;
create collation "Case Sensitive" from "C";
create collation locales.plain (lc_collate = 'POSIX', lc_ctype = 'POSIX');
create domain sorted as text collate "C";
create table words (
    a text collate "Case Sensitive",
    b text collate locales.plain,
    c sorted,
    d sorted collate "POSIX"
);
