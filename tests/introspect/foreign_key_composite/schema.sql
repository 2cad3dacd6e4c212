-- A composite foreign key pairs its columns in order.
create table teams (tenant_id int, id int, primary key (tenant_id, id));
create table players (
    id int primary key,
    tenant_id int not null,
    team_id int,
    foreign key (tenant_id, team_id) references teams
);
