-- An exclusion constraint may use any index that can exclude.
create table shapes (
    id int primary key,
    area box,
    code text,
    hashed text,
    constraint area_free exclude using gist (area with &&),
    constraint code_once exclude using btree (code with =) include (area),
    constraint hashed_once exclude using hash (hashed with =)
);
