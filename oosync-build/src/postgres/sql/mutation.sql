-- What devices pushed and was answered for good, until they have stored the answers: nothing is applied twice.
create table if not exists oosync.mutation (
  -- No foreign key: a push holds the row of its client, and checking it again for each mutation costs five times what
  -- writing the mutation does. They go with their client by the rule below.
  client uuid not null,
  id bigint not null,
  -- SHA-256 of what was sent: the same id with another body is another device.
  body bytea not null,
  -- The answer as it was given.
  result text not null,
  -- Where a row was reached: the table as devices call it, and the key in JSON. The device is told of that row by the
  -- pull that includes the mutation, whether or not anything of it changed.
  tbl text,
  key text,
  at timestamptz not null default now(),
  primary key (client, id)
);
alter table oosync.mutation drop constraint if exists mutation_client_fkey;
create or replace rule forget_client as on delete to oosync.client
  do also delete from oosync.mutation m where m.client = old.id;
