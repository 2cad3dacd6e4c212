-- A column keeps a collation under which different texts are equal.
create collation ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table accounts (
    email text collate ignore_case primary key,
    name text collate "und-x-icu"
);
