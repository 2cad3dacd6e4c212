-- A default of a user-defined type keeps the value and the type.
create type mood as enum ('sad', 'so so', 'it''s fine', 'happy');
create domain amount as numeric(10, 2);
create type pair as (a int, b text);
create table typed (
    m mood default 'so so',
    m_quoted mood default 'it''s fine',
    m_list mood[] default '{sad,"so so"}',
    m_array mood[] default array['sad', 'happy']::mood[],
    m_first mood default enum_first(null::mood),
    d amount default 1.5,
    p pair default row(1, 'x'),
    p_text pair default '(1,"x y")',
    r int4range default '[1,10)',
    r_empty int4range default 'empty'
);
