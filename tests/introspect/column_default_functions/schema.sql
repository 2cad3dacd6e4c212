-- A default that calls functions or keywords is kept as an expression.
create function make_code() returns text language sql as $$ select 'code' $$;
create function with_args(a int, b text default 'x') returns text language sql as $$ select b $$;
create function variadic_args(variadic list int[]) returns int language sql as $$ select 1 $$;
create table calls (
    id uuid default gen_random_uuid(),
    at_now timestamptz default now(),
    at_current timestamptz default current_timestamp,
    at_current3 timestamptz default current_timestamp(3),
    at_local timestamp default localtimestamp,
    at_clock timestamptz default clock_timestamp(),
    day date default current_date,
    tod timetz default current_time,
    tod_local time default localtime,
    who text default current_user,
    who_session text default session_user,
    who_role name default current_role,
    db text default current_catalog,
    sch text default current_schema,
    setting text default current_setting('oosync.case', true),
    own text default make_code(),
    own_args text default with_args(1),
    own_named text default with_args(b => 'y', a => 2),
    own_variadic int default variadic_args(variadic array[1, 2]),
    own_variadic_list int default variadic_args(1, 2)
);
