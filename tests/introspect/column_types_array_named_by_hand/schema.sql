-- A type whose name begins with an underscore is not an array.
create type _status as enum ('on', 'off');
create type status as enum ('open', 'closed');
create table tickets (
    a _status,
    b _status[],
    c status,
    d status[]
);
