-- The schemas that devices were built for, by the hash of the plan.
create table if not exists oosync.manifest (
  version bigint generated always as identity primary key,
  hash text not null unique,
  registered_at timestamptz not null default now(),
  -- The newest is the present one; going back to an earlier schema makes that one present again.
  made_current_at timestamptz not null,
  -- What a device has to know of each table: columns with type and nullability, the primary key.
  tables jsonb not null
);
