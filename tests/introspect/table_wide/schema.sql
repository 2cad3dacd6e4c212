-- A table may have as many columns as Postgres allows.
do $$
begin
    execute (
        select 'create table wide (' || string_agg(format('c%s %s', n,
            (array['int', 'text', 'boolean', 'varchar(10)'])[n % 4 + 1]), ', ' order by n) || ')'
        from generate_series(1, 1600) n
    );
end
$$;
