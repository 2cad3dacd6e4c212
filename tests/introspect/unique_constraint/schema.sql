-- A unique constraint keeps its name and its own order of columns.
create table accounts (
    id int primary key,
    email text unique,
    tenant int not null,
    slug text not null,
    nick text constraint nick_taken unique,
    unique (slug, tenant),
    constraint all_together unique (nick, email, tenant)
);
