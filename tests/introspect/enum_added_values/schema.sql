-- A label added to an enum stands where it was put.
create type level as enum ('low', 'high');
alter type level add value 'medium' before 'high';
alter type level add value 'lowest' before 'low';
alter type level add value 'highest';
alter type level add value 'a bit more' after 'low';
alter type level add value 'bit more still' after 'a bit more';
create table readings (id int primary key, l level not null);
