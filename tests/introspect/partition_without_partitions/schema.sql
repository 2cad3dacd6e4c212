-- A partitioned table may have no partitions.
create table empty_whole (id int primary key, body text) partition by hash (id);
