-- The SQL syntax "at local" survives in defaults.
-- postgres: 17
create table zones (
    here timestamp default (now() at local),
    here_time timetz default (current_time at local)
);
