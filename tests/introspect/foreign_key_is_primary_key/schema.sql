-- A foreign key may be the primary key, or share columns with it and with other foreign keys.
create table tenants (id int primary key);
create table users (
    tenant_id int references tenants,
    id int,
    primary key (tenant_id, id)
);
create table profiles (
    tenant_id int,
    user_id int,
    primary key (tenant_id, user_id),
    foreign key (tenant_id) references tenants,
    foreign key (tenant_id, user_id) references users
);
