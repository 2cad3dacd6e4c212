-- A column may be of the types of ltree.
create extension ltree;
create table nodes (id int primary key, path ltree not null, pattern lquery, words ltxtquery, paths ltree[]);
create index nodes_path on nodes using gist (path);
