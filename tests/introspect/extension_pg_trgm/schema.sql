-- An index may use the operator classes of pg_trgm.
create extension pg_trgm;
create table documents (id int primary key, title text, body text);
create index documents_title on documents using gin (title gin_trgm_ops);
create index documents_body on documents using gist (body gist_trgm_ops);
create index documents_lower on documents using gin (lower(title) gin_trgm_ops);
create index documents_siglen on documents using gist (title gist_trgm_ops (siglen = 32));
