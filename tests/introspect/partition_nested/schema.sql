-- A partition may be partitioned again.
create table measurements (
    city int not null,
    day date not null,
    value float8,
    primary key (city, day)
) partition by range (day);
create table measurements_2020 partition of measurements
    for values from ('2020-01-01') to ('2021-01-01') partition by list (city);
create table measurements_2020_one partition of measurements_2020 for values in (1);
create table measurements_2020_rest partition of measurements_2020 default;
create table measurements_rest partition of measurements default partition by hash (city);
create table measurements_rest_0 partition of measurements_rest for values with (modulus 1, remainder 0);
