-- A composite may hold an array of an enum.
create type tag as enum ('red', 'green');
create type labelled as (label text, tags tag[], grid tag[][]);
create table posts (id int primary key, l labelled, ls labelled[]);
