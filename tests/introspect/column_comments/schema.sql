-- Comments of columns are kept to the letter, and an empty one is none.
create table documented (
    id int primary key,
    title text,
    body text,
    code text,
    undocumented text,
    removed text,
    "Weird ""Name""" text
);
comment on column documented.id is 'The identifier.';
comment on column documented.title is E'First line.\nSecond line.\r\n\r\n  Indented.\n\ttabbed ';
comment on column documented.body is 'It''s "quoted" \ */ /* -- `code` #[doc] {x} "#';
comment on column documented.code is 'Zażółć 東京 👩‍👩‍👧';
comment on column documented.removed is 'Short-lived.';
comment on column documented.removed is null;
comment on column documented."Weird ""Name""" is '';
