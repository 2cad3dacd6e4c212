-- A temporal primary key or unique constraint ends in a period that does not overlap.
-- postgres: 18
create extension btree_gist;
create table bookings (
    room_id int,
    during daterange,
    desk_id int,
    primary key (room_id, during without overlaps),
    constraint desk_once unique (desk_id, during without overlaps)
);
