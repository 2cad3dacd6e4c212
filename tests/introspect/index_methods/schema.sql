-- An index keeps its access method.
create table searched (
    id int primary key,
    body text,
    tags text[],
    doc jsonb,
    words tsvector,
    area box,
    spot point,
    during tstzrange,
    addr inet,
    created_at timestamptz
);
create index searched_btree on searched using btree (body);
create index searched_hash on searched using hash (body);
create index searched_gin on searched using gin (tags, doc);
create index searched_gin_path on searched using gin (doc jsonb_path_ops) with (fastupdate = off);
create index searched_gin_words on searched using gin (to_tsvector('simple'::regconfig, body));
create index searched_gist on searched using gist (area, during);
create index searched_gist_inet on searched using gist (addr inet_ops);
create index searched_spgist on searched using spgist (spot kd_point_ops);
create index searched_brin on searched using brin (created_at) with (pages_per_range = 32);
create index searched_brin_where on searched using brin (id) where created_at is not null;
