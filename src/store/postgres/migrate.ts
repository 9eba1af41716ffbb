/**
 * The schema of the database: made when there is none, brought forward when asked, refused when it is another.
 *
 * Migrations go forward only. One node at a time runs them: it holds the row of `rebond_schema`, in the transaction that also carries the changes.
 *
 * A migration that was released is never edited: databases that have run it would not get the change. The next one is a file of its own,
 * migrations/003-WHAT.ts, which exports its SQL as one constant; it is added at the end of the list below, and its SHA-256 at the end of the list in
 * test/store/postgres-store.test.ts. Nodes of the version before may be running while it does: it adds columns that may be null, tables and indexes;
 * what they still read is dropped by the release after. doc/adr/0002 gets the tables, CHANGELOG a line that says to run `rebond store migrate`.
 */
import { randomBytes } from 'node:crypto'
import { assertPrimary, type Database, type Run } from './database.ts'
import { tables } from './migrations/001-tables.ts'
import { partitions } from './migrations/002-partitions.ts'
import { codeOf, wrongSchema } from './trouble.ts'

/** In their order; the schema's number is how many of them were run. */
export const migrations: readonly string[] = [tables, partitions]

/** The layout of tables that this code reads and writes. */
export const schemaVersion = migrations.length

/** What two nodes that make the first table at once may hear, by how far the other one is: its name is taken in pg_type, as a type, as a table. */
const madeMeanwhile = new Set(['23505', '42710', '42P07'])

/** Makes the schema when the database is empty. @throws {StoreUnavailable} `ERR_STORE_SCHEMA`: it has another one. */
export async function openSchema(database: Database): Promise<void> {
  const found = await database.session(versionOf)
  if (found === 0) await migrate(database)
  else if (found !== schemaVersion) throw wrongSchema(database.place, found, schemaVersion)
}

/** Brings the schema forward to this version's; gives the numbers before and after. @throws {StoreUnavailable} it is newer. */
export async function migrate(database: Database): Promise<{ readonly from: number; readonly to: number }> {
  await database.session(async run => {
    await assertPrimary(run)
    await run({ text: 'create table if not exists rebond_schema (one boolean primary key check (one), version integer not null)' }).catch(
      error => {
        if (!madeMeanwhile.has(codeOf(error))) throw error
      },
    )
  })
  return database.session(async run => {
    await run({ text: 'begin' })
    await run({ text: 'insert into rebond_schema values (true, 0) on conflict do nothing' })
    const [row] = await run<{ version: number }>({ text: 'select version from rebond_schema for update' })
    const from = row?.version ?? 0
    if (from > schemaVersion) throw wrongSchema(database.place, from, schemaVersion)
    for (const text of migrations.slice(from)) await run({ text })
    await run({ text: `insert into meta values ('cursor', $1) on conflict do nothing` }, [randomBytes(16).toString('base64url')])
    await run({ text: 'update rebond_schema set version = $1' }, [schemaVersion])
    await run({ text: 'commit' })
    return { from, to: schemaVersion }
  })
}

async function versionOf(run: Run): Promise<number> {
  await assertPrimary(run)
  const [there] = await run<{ schema: string | null }>({ text: `select to_regclass('rebond_schema')::text as schema` })
  if (!there?.schema) return 0
  const [row] = await run<{ version: number }>({ text: 'select version from rebond_schema' })
  return row?.version ?? 0
}
