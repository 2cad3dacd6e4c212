-- A foreign key may point to its own table.
create table nodes (
    tenant_id int,
    id int,
    parent_id int,
    origin_id int unique references nodes (origin_id),
    primary key (tenant_id, id),
    foreign key (tenant_id, parent_id) references nodes (tenant_id, id) on delete cascade
);
