case o.kind
  when 'table' then (
    select string_agg(format('%s %s%s', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end), ', ' order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = to_regclass(o.name) and a.attnum > 0 and not a.attisdropped)
  when 'function' then (
    select concat_ws(' ', pg_get_functiondef(f.oid), f.proacl) from pg_catalog.pg_proc f where f.oid = to_regprocedure(o.name))
  when 'trigger' then (
    select concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled,
        (select string_agg(distinct c.tgenabled::text, '') from pg_catalog.pg_trigger c where c.tgparentid = t.oid))
      from pg_catalog.pg_trigger t
      where t.tgrelid = to_regclass(o.relation) and not t.tgisinternal and '"' || replace(t.tgname, '"', '""') || '"' = o.name)
  when 'policy' then (
    select concat_ws(' ', p.polcmd, p.polpermissive,
        (select string_agg(case r when 0 then 'public' else pg_get_userbyid(r) end, ',' order by r) from unnest(p.polroles) r),
        'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))
      from pg_catalog.pg_policy p
      where p.polrelid = to_regclass(o.relation) and '"' || replace(p.polname, '"', '""') || '"' = o.name)
  when 'row security' then (
    select 'on' from pg_catalog.pg_class c where c.oid = to_regclass(o.relation) and c.relrowsecurity)
  when 'privileges' then (
    select string_agg(concat_ws(' ', a.attname, p.privilege_type), ', ' order by a.attnum, p.privilege_type)
      from (
        select 0 as attnum, null as attname, c.relacl as acl from pg_catalog.pg_class c where c.oid = to_regclass(o.relation)
        union all
        select a.attnum, a.attname, a.attacl from pg_catalog.pg_attribute a where a.attrelid = to_regclass(o.relation) and not a.attisdropped
      ) a, aclexplode(a.acl) p
      where p.grantee = to_regrole(o.name))
end
