-- Times and timestamps keep the precision of their seconds.
create table moments (
    t time,
    t0 time(0),
    t6 time(6),
    tz timetz,
    tz0 timetz(0),
    tz3 time(3) with time zone,
    ts timestamp,
    ts0 timestamp(0),
    ts3 timestamp(3),
    tstz timestamptz,
    tstz0 timestamptz(0),
    tstz6 timestamp(6) with time zone
);
