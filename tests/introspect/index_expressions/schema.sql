-- An index over expressions keeps each of them in its place.
create function slugify(t text) returns text language sql immutable as $$ select lower(t) $$;
create table articles (id int primary key, title text, doc jsonb, a int, b int);
create index articles_slug on articles (slugify(title));
create index articles_mixed on articles (a, (a + b), b, lower(title), (doc ->> 'x'));
create index articles_cast on articles (((doc ->> 'n')::int));
create index articles_whole on articles ((articles is null));
create index articles_null on articles ((title is null), (a = 1));
create index articles_coalesce on articles (coalesce(a, b), (case when a > 0 then b end));
