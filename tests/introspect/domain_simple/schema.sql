-- A domain keeps its base type, checks, nullability and default.
create domain plain as text;
create domain sized as varchar(20);
create domain price as numeric(12, 2) not null default 0 constraint price_positive check (value >= 0);
create domain email as text check (value ~ '@') constraint email_short check (char_length(value) < 255);
create domain sorted as text collate "C" default 'a';
create domain maybe as int null;
create table products (
    id int primary key,
    a plain,
    b sized,
    c price,
    d email not null,
    e sorted default 'b',
    f maybe
);
