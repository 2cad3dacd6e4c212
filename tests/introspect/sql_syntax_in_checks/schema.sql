-- Functions with a syntax of their own survive in check constraints.
create table checked (
    code text,
    constraint trim_not_empty check (trim(code) <> ''),
    constraint trim_is_lower check (trim(leading '0' from code) = lower(code)),
    constraint substring_is_a check (substring(code from 1 for 1) = 'a'),
    constraint substring_matches check (substring(code from '^[a-z]+') is not null),
    constraint position_of_at check (position('@' in code) > 1),
    constraint overlay_same check (overlay(code placing 'a' from 1 for 1) = code),
    constraint is_normalized check (code is nfc normalized),
    constraint similar_to check (code similar to '[a-z]+(-[0-9]+)?'),
    constraint like_escaped check (code like 'a!_%' escape '!'),
    constraint between_letters check (code between 'a' and 'z'),
    constraint between_symmetric check (char_length(code) between symmetric 10 and 1)
);
