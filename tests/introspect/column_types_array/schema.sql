-- An array keeps its element type, its length modifiers and its declared dimensions.
create table arrays (
    ints int[],
    sized int[3],
    two text[][],
    three uuid[][][],
    sized_two int[2][3],
    keyword boolean array,
    keyword_sized boolean array[4],
    short varchar(20)[],
    fixed char(2)[],
    bits bit(4)[],
    money_like numeric(10, 2)[],
    stamps timestamptz(3)[],
    spans interval day to second(3)[],
    docs jsonb[],
    single_bytes "char"[],
    ranges int4range[],
    points point[]
);
