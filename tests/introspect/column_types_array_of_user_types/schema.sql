-- An array of an enum, a domain or a composite keeps its element type.
create type color as enum ('red', 'green');
create domain positive as int check (value > 0);
create domain code as varchar(8);
create type pair as (a int, b text);
create table arrays (
    colors color[],
    colors_two color[][],
    positives positive[],
    codes code[],
    pairs pair[]
);
