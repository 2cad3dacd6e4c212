-- A column may be of a base type that is neither built in nor of an extension.
create type fancy;
create function fancy_in(cstring) returns fancy language internal immutable strict as 'textin';
create function fancy_out(fancy) returns cstring language internal immutable strict as 'textout';
create type fancy (input = fancy_in, output = fancy_out, like = text);
create type never_defined;
create table holders (id int primary key, f fancy, fs fancy[]);
