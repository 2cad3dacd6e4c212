-- A temporal foreign key ends in a period.
-- postgres: 18
create extension btree_gist;
create table rooms (
    id int,
    during daterange,
    primary key (id, during without overlaps)
);
create table stays (
    id int,
    during daterange,
    room_id int,
    primary key (id, during without overlaps),
    foreign key (room_id, period during) references rooms (id, period during)
);
