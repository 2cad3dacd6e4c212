-- An interval keeps its fields and its precision.
create table spans (
    plain interval,
    plain0 interval(0),
    plain6 interval(6),
    y interval year,
    mo interval month,
    d interval day,
    h interval hour,
    mi interval minute,
    s interval second,
    s3 interval second(3),
    y_mo interval year to month,
    d_h interval day to hour,
    d_mi interval day to minute,
    d_s interval day to second,
    d_s2 interval day to second(2),
    h_mi interval hour to minute,
    h_s interval hour to second,
    mi_s interval minute to second,
    mi_s0 interval minute to second(0)
);
