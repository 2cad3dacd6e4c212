-- A name may have spaces and punctuation.
create table "order lines" (
    "line id" int primary key,
    " leading" text,
    "trailing " text,
    "two  spaces" text,
    " " text,
    "a-b" text,
    "a+b" text,
    "a/b" text,
    "50%" text,
    "$price" text,
    "#1" text,
    "e@mail" text,
    "why?" text,
    "(a)" text,
    "[a]" text,
    "{a}" text,
    "a;b" text,
    "a:b" text,
    "a=b" text,
    "a,b" text,
    "~!^&|<>`" text
);
