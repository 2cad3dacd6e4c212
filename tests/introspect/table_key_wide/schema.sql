-- A key may have as many columns as Postgres allows.
do $$
declare
    names text := (select string_agg('c' || n, ', ' order by n desc) from generate_series(1, 32) n);
    columns text := (select string_agg(format('c%s int', n), ', ' order by n) from generate_series(1, 32) n);
begin
    execute format('create table parents (%s, primary key (%s))', columns, names);
    execute format('create table children (%s, foreign key (%s) references parents (%s))', columns, names, names);
end
$$;
