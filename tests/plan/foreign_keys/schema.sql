-- Only what is beside its child whenever the child is there can be declared.
create table users (id int primary key, name text unique);
create table colors (id int primary key);
create table lists (id int primary key, user_id int not null references users, color_id int references colors, code text unique);
create table todos (id int primary key, user_id int not null, list_id int references lists);
create table owned_pairs (user_id int, n int, primary key (user_id, n));
create table of_pairs (id int primary key, user_id int not null, n int, foreign key (user_id, n) references owned_pairs);
create table parts (id int primary key, list_id int not null references lists, by int references users);
create table codes (id int primary key, code text not null references lists (code));
create table unchecked (id int primary key, user_id int not null);
alter table unchecked add foreign key (user_id) references users not valid;
create table hidden (id int primary key);
create policy p on hidden as restrictive using (false);
create table of_hidden (id int primary key, hidden_id int references hidden);
-- Only where SQLite finds the parent that Postgres finds.
create table moments (id timestamptz primary key);
create table of_moments (id int primary key, day date references moments);
create table amounts (id numeric(10, 2) primary key);
create table of_amounts (id int primary key, whole int references amounts, same numeric(10, 2) references amounts);
create table numbers (id bigint primary key);
create table of_numbers (id int primary key, small smallint references numbers, made int default length('abc') references numbers on delete set default, five int default 5 references numbers on delete set default);
