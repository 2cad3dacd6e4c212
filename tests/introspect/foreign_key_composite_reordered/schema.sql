-- A composite foreign key may pair columns in another order than the key it points to.
create table teams (
    name text,
    id int,
    tenant_id int,
    primary key (tenant_id, id)
);
create table players (
    team_id int,
    id int primary key,
    tenant_id int,
    captain_tenant int,
    captain_team int,
    constraint reordered foreign key (team_id, tenant_id) references teams (id, tenant_id),
    constraint in_order foreign key (captain_tenant, captain_team) references teams (tenant_id, id)
);
