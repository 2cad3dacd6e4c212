-- A unique index that is no constraint is told apart from one that is.
create table accounts (id int primary key, email text, slug text);
create unique index accounts_email on accounts (email);
create unique index accounts_slug_email on accounts (slug, email);
alter table accounts add constraint accounts_slug unique (slug);
