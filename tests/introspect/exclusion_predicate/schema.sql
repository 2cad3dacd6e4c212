-- An exclusion constraint may have a predicate, expressions and a deferral.
create extension btree_gist;
create table reservations (
    id int primary key,
    room int not null,
    starts date not null,
    ends date not null,
    cancelled boolean not null default false,
    constraint one_guest exclude using gist (room with =, daterange(starts, ends, '[]') with &&)
        where (not cancelled),
    constraint one_guest_later exclude using gist (room with =, daterange(starts, ends) with &&)
        deferrable initially deferred
);
