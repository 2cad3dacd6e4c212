-- A column whose type was changed shows the last type, and its default and index follow.
create table altered (
    id int primary key,
    amount int default 5,
    code varchar(10) default 'x',
    flag text default 'yes'
);
create index altered_code on altered (code);
alter table altered alter column id type bigint;
alter table altered alter column amount type numeric(12, 2);
alter table altered alter column code type varchar(20);
alter table altered alter column flag drop default;
alter table altered alter column flag type boolean using flag = 'yes';
alter table altered alter column flag set default true;
