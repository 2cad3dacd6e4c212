-- What the oracle knows beyond the synced tables: every text that was ever written by an insert or an update, once for
-- each time. Devices write each text once, so that a text that stands here twice was applied twice.
create schema books;
create table books.written (
    number bigserial primary key,
    tbl text not null,
    op text not null,
    key text not null,
    value text not null
);
create index on books.written (value);

create function books.note() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into books.written (tbl, op, key, value)
    values (tg_table_name, tg_op, new.id::text, to_jsonb(new) ->> tg_argv[0]);
    return null;
end
$$;

create trigger books_insert after insert on lists for each row execute function books.note('title');
create trigger books_update after update of title on lists for each row execute function books.note('title');
create trigger books_insert after insert on todos for each row execute function books.note('title');
create trigger books_update after update of title on todos for each row execute function books.note('title');
create trigger books_insert after insert on comments for each row execute function books.note('body');
create trigger books_update after update of body on comments for each row execute function books.note('body');
