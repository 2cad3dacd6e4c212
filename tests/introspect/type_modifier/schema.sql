-- A user-defined type keeps its modifier as the type prints it, also in arrays, domains and composites.
create type "odd(type)";
create function odd_in(cstring, oid, int4) returns "odd(type)" language internal immutable strict as 'varcharin';
create function odd_out("odd(type)") returns cstring language internal immutable strict as 'varcharout';
create function odd_typmod_in(cstring[]) returns int4 language internal immutable strict as 'varchartypmodin';
create function odd_typmod_out(int4) returns cstring language internal immutable strict as 'varchartypmodout';
create type "odd(type)" (
    input = odd_in, output = odd_out, typmod_in = odd_typmod_in, typmod_out = odd_typmod_out, like = varchar
);
create domain short_odd as "odd(type)"(3);
create type pair as (a "odd(type)"(4), b "odd(type)");
create table things (
    id int primary key,
    plain "odd(type)",
    modified "odd(type)"(7),
    list "odd(type)"(7)[],
    short short_odd,
    two pair
);
