-- Devices, each of one user.
create table if not exists oosync.client (
  id uuid primary key,
  user_id text not null,
  -- The schema that it was built with.
  schema_hash text not null,
  app_version text,
  device text,
  registered_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  -- The device has stored the answers to its mutations up to this one: they are forgotten here.
  acknowledged bigint not null default 0
);
