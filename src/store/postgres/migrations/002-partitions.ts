/**
 * Schema 2, PostgreSQL's declarative partitioning: what grows with every mail is cut by the time that its ids begin with, so that old
 * rows are forgotten by dropping a table. What belongs to no period that was made stands in `…_rest`.
 *
 * The tables keep their columns and indexes. A database that has no such partitioning would leave this migration out (doc/adr/0009).
 */
import { partitioned } from '../partitions.ts'

const names = Object.keys(partitioned)
  .map(name => `'${name}'`)
  .join(', ')

export const partitions = `
do $$
declare
  name text;
  index record;
begin
  foreach name in array array[${names}] loop
    execute format('alter table %I rename to %I', name, name || '_plain');
    for index in select indexname from pg_indexes where schemaname = current_schema() and tablename = name || '_plain' loop
      execute format('alter index %I rename to %I', index.indexname, index.indexname || '_plain');
    end loop;
    execute format('create table %I (like %I including all) partition by range (id)', name, name || '_plain');
    execute format('create table %I partition of %I default', name || '_rest', name);
    execute format('insert into %I select * from %I', name, name || '_plain');
    execute format('drop table %I', name || '_plain');
  end loop;
end
$$;
`
