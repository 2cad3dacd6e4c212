-- Functions with a syntax of their own survive in generated columns.
create table generated (
    code text,
    trimmed text generated always as (trim(code)) stored,
    trimmed_zeros text generated always as (trim(leading '0' from code)) stored,
    head text generated always as (substring(code from 1 for 3)) stored,
    at_sign int generated always as (position('@' in code)) stored,
    masked text generated always as (overlay(code placing '***' from 2 for 3)) stored,
    normal text generated always as (normalize(code, nfkd)) stored
);
