-- The SQL syntax "at time zone" survives in defaults, checks and generated columns.
create table zones (
    at_utc timestamp default (now() at time zone 'UTC'),
    at_named timestamp default (current_timestamp at time zone 'Europe/Warsaw'),
    back timestamptz default (now() at time zone 'UTC' at time zone 'UTC'),
    by_interval timestamp default (now() at time zone interval '-05:00'),
    by_function timestamp default timezone('UTC', now()),
    created_at timestamptz not null,
    created_day date generated always as ((created_at at time zone 'UTC')::date) stored,
    check ((created_at at time zone 'UTC') > timestamp '2000-01-01 00:00:00')
);
