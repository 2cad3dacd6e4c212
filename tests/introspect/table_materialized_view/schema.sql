-- A materialized view has columns and may have unique indexes.
create table sales (id int primary key, region text not null, amount numeric(10, 2) not null);
create materialized view totals as select region, sum(amount) as total from sales group by region;
create unique index totals_region on totals (region);
create index totals_total on totals (total desc);
create materialized view empty_totals as select region from sales with no data;
comment on materialized view totals is 'Sums by region.';
