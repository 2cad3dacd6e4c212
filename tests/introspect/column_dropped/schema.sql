-- A dropped column leaves no trace, and the columns after it keep their order.
create table notes (
    id int primary key,
    gone_first text,
    title text not null,
    gone_second int default 5,
    body text,
    gone_last text,
    constraint title_not_empty check (title <> '')
);
create unique index notes_title_body on notes (title, body);
alter table notes drop column gone_first;
alter table notes drop column gone_second;
alter table notes drop column gone_last;
alter table notes add column added_last boolean not null default false;
