-- A unique index over an expression keeps the expression among the columns.
create table accounts (id int primary key, tenant int not null, email text not null);
create unique index accounts_email_lower on accounts (lower(email));
create unique index accounts_tenant_email on accounts (tenant, lower(email), id);
