-- A foreign key keeps its actions on update and delete.
create table parents (id int primary key);
create table children (
    id int primary key,
    none int references parents,
    no_action int references parents on delete no action on update no action,
    restricted int references parents on delete restrict on update restrict,
    cascaded int references parents on delete cascade on update cascade,
    nulled int references parents on delete set null on update set null,
    defaulted int default 0 references parents on delete set default on update set default,
    mixed int references parents on delete set null on update cascade,
    delete_only int references parents on delete cascade,
    update_only int references parents on update cascade
);
