-- A table partitioned by hash has partitions by remainder.
create table users (id uuid primary key, name text) partition by hash (id);
create table users_0 partition of users for values with (modulus 3, remainder 0);
create table users_1 partition of users for values with (modulus 3, remainder 1);
create table users_2 partition of users for values with (modulus 3, remainder 2);
