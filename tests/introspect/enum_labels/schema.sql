-- An enum keeps its labels to the letter and in order.
create type plain as enum ('b', 'a', 'c');
create type awkward as enum (
    'with space', ' leading', 'trailing ', '', 'it''s', '"double"', 'comma,brace{}', 'back\slash',
    'Zażółć', '東京', '👩‍👩‍👧', 'UPPER', 'upper', 'null', 'true', '1', E'new\nline', 'kebab-case', 'snake_case',
    'CamelCase', 'type', 'self'
);
create table holders (id int primary key, p plain not null default 'a', w awkward);
