-- Forgets what no cursor within `retention` needs, and of each key in each bucket all but the newest entry: about
-- `batch` keys are looked at, those of one transaction always together. Gives how many keys went, and whether all is
-- done; until it is, it is called again, each time in a transaction of its own.
create or replace function oosync.compact(retention interval, batch integer default 10000)
returns table (gone bigint, done boolean)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  new_floor xid8;
  first xid8;
  until xid8;
  finished xid8;
  went bigint;
begin
  if batch is null or batch < 1 then
    raise exception 'a batch has at least one key, not %', batch using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(8101991, 1);
  select m.oldest into new_floor from oosync.mark m where m.at <= now() - retention order by m.at desc limit 1;
  update oosync.meta set floor = new_floor where floor < new_floor;
  delete from oosync.mark where at < (select max(m.at) from oosync.mark m where m.at <= now() - retention);
  -- Of older marks one a minute is enough, and after a day one an hour: what goes a little later does no harm.
  delete from oosync.mark m where m.at < now() - interval '10 minutes' and exists (
    select from oosync.mark e where e.at < m.at
      and e.at >= date_trunc(case when m.at < now() - interval '1 day' then 'hour' else 'minute' end, m.at)
  );
  select m.floor, m.deduplicated into new_floor, first from oosync.meta m;

  with below as (
    delete from oosync.change_log c
      where (c.xid, c.seq) in (
        select c.xid, c.seq from (
          select c.xid, c.seq, sum(c.keys) over (order by c.xid, c.seq rows unbounded preceding) - c.keys as others
            from (
              select c.xid, c.seq, cardinality(c.pks) as keys
                from oosync.change_log c where c.xid < new_floor order by c.xid, c.seq limit batch
            ) c
        ) c where c.others < batch
      )
      returning c.seq, c.tbl, c.bucket, c.pks
  ), key as (
    select b.seq, hashtextextended(k.pk, hashtextextended(b.tbl, hashtextextended(b.bucket, 0))) as key
      from below b, unnest(b.pks) k (pk)
  ), forgotten as (
    delete from oosync.newest n using key k where n.key = k.key and n.seq = k.seq
  )
  select coalesce(sum(cardinality(b.pks)), 0) into gone from below b;
  delete from oosync.unseen where xid < new_floor;
  if gone >= batch then
    done := false;
    return next;
    return;
  end if;

  -- In the order of transaction ids, up to the oldest one that is not over: nothing is added behind that.
  finished := pg_snapshot_xmin(pg_current_snapshot());
  first := greatest(first, new_floor);
  select c.xid into until from (
    select c.xid, sum(cardinality(c.pks)) over (order by c.xid, c.seq rows unbounded preceding) as keys
      from oosync.change_log c where c.xid >= first and c.xid < finished order by c.xid, c.seq
  ) c where c.keys > batch limit 1;
  if until = (select c.xid from oosync.change_log c where c.xid >= first and c.xid < finished order by c.xid limit 1) then
    -- One transaction alone has more.
    select c.xid into until from oosync.change_log c where c.xid > until and c.xid < finished order by c.xid limit 1;
  end if;
  done := until is null;
  until := coalesce(until, greatest(first, finished));
  -- Entries of one key and bucket are committed in the order of seq: whoever has not seen an older one has not seen
  -- the newest one either.
  with entry as materialized (
    select e.*, hashtextextended(e.pk, hashtextextended(e.tbl, hashtextextended(e.bucket, 0))) as key,
        max(e.seq) over (partition by e.tbl, e.pk, e.bucket) as newest
      from (
        select c.xid, c.seq, c.tbl, c.bucket, unnest(c.pks) as pk
          from oosync.change_log c where c.xid >= first and c.xid < until
      ) e
  ), older as materialized (
    select e.xid, e.seq, e.pk from entry e where e.seq < e.newest
    union
    select case when e.seq < n.seq then e.xid else n.xid end, least(e.seq, n.seq), e.pk
      from entry e join oosync.newest n on n.key = e.key and n.seq <> e.seq
      join oosync.change_log o
        on o.xid = n.xid and o.seq = n.seq and o.tbl = e.tbl and o.bucket = e.bucket and e.pk = any (o.pks)
      where e.seq = e.newest
  ), less as materialized (
    select c.xid, c.seq, array(select k from unnest(c.pks) k where not k = any (o.pks)) as pks, o.keys
      from (
        select o.xid, o.seq, array_agg(o.pk) as pks, count(*) as keys from older o group by o.xid, o.seq
      ) o join oosync.change_log c on c.xid = o.xid and c.seq = o.seq
  ), emptied as (
    delete from oosync.change_log c using less l where c.xid = l.xid and c.seq = l.seq and l.pks = '{}'
  ), lessened as (
    update oosync.change_log c set pks = l.pks from less l where c.xid = l.xid and c.seq = l.seq and l.pks <> '{}'
  ), kept as (
    insert into oosync.newest as n (key, xid, seq)
      select distinct on (e.key) e.key, e.xid, e.seq from entry e order by e.key, e.seq desc
      on conflict (key) do update set xid = excluded.xid, seq = excluded.seq where n.seq < excluded.seq
  )
  select coalesce(sum(l.keys), 0) into went from less l;
  update oosync.meta set deduplicated = until where deduplicated < until;
  gone := gone + went;
  return next;
end
$oosync$;
