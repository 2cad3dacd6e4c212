-- What is installed. By it an upgrade knows what to touch, `migrate --check` what was edited, and the uninstallation
-- what to take away.
create table if not exists oosync.object (
  identity text primary key,
  -- table, function, trigger, policy, row security, privileges, grant.
  kind text not null,
  name text not null,
  -- The table that a trigger or policy stands on.
  relation text,
  -- The order in which everything is made.
  place integer not null,
  -- Of what made it.
  hash text not null,
  -- The major of the server, and the SHA-256 of what that showed of it then.
  made text,
  -- What removes it, where it does not go with the schema.
  undo text
);
