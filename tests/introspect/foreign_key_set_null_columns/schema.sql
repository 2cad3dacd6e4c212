-- A foreign key may set only some of its columns when the target goes.
-- postgres: 15
create table teams (tenant_id int, id int, primary key (tenant_id, id));
create table players (
    id int primary key,
    tenant_id int not null,
    team_id int,
    bench_id int default 0,
    constraint team foreign key (tenant_id, team_id) references teams on delete set null (team_id),
    constraint bench foreign key (tenant_id, bench_id) references teams on delete set default (bench_id),
    constraint whole foreign key (tenant_id, team_id) references teams on delete set null
);
