-- Character and bit types keep their lengths, also where none was written.
create table lengths (
    v varchar,
    v1 varchar(1),
    v255 varchar(255),
    v_max varchar(10485760),
    c char,
    c1 char(1),
    c36 char(36),
    b bit,
    b1 bit(1),
    b8 bit(8),
    vb varbit,
    vb1 varbit(1),
    vb64 varbit(64)
);
