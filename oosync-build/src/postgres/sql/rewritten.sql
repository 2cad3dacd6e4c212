-- Whether a table that this transaction has read was emptied or rewritten after its snapshot, so that it showed nothing
-- of what had been there; the transaction is to begin anew. Asked last, in a repeatable read transaction: what was read
-- stays locked against that until the end.
create or replace function oosync.rewritten() returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $oosync$
begin
  -- The catalog is read in the snapshot; the function tells of now. Whoever rewrites a table writes its row in the catalog
  -- anew: where nobody has, it takes a look at those rows alone, and not at the locks of everybody.
  return exists (
    select from pg_class c
      where c.oid >= 16384 and c.xmax::text <> '0' and c.relkind in ('r', 'm')
        and c.relfilenode <> 0 and c.relfilenode <> pg_relation_filenode(c.oid)
  ) and exists (
    select from pg_locks l join pg_class c on c.oid = l.relation
      where l.pid = pg_backend_pid() and l.locktype = 'relation'
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and c.relkind in ('r', 'm') and c.relfilenode <> 0 and c.relfilenode <> pg_relation_filenode(c.oid)
  );
end
$oosync$;
