-- An exclusion constraint keeps its columns and operators.
create extension btree_gist;
create table reservations (
    id int primary key,
    room int not null,
    during tstzrange not null,
    exclude using gist (room with =, during with &&)
);
