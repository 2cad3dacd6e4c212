-- A partial unique index keeps its predicate.
create table accounts (
    id int primary key,
    email text not null,
    deleted_at timestamptz,
    kind text not null
);
create unique index accounts_email_live on accounts (email) where deleted_at is null;
create unique index accounts_one_owner on accounts ((true)) where kind = 'owner';
create unique index accounts_email_kind on accounts (email, kind)
    where kind in ('owner', 'admin') and not (email like '%@example.com');
