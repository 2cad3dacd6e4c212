-- Included columns of a unique constraint or index are not part of it.
create table lookups (
    id int primary key,
    code text,
    label text,
    payload jsonb,
    unique (code) include (label),
    unique (label, code) include (payload, id)
);
create unique index lookups_label on lookups (label) include (payload);
