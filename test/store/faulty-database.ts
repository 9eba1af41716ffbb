/**
 * A LevelDB whose disk can be made to fail, and that keeps a diary of what was done to it.
 */
import { type OpenDatabase, openLevel } from '../../src/store/level/database.ts'

export type Disk = {
  /** `write` fails the writes of batches, `open` the opening too; `answer` writes one batch and says that it did not. */
  broken: 'no' | 'write' | 'open' | 'answer'
  /** Called with each batch before it is written. */
  onWrite: () => Promise<void>
  /** `open`, `close`, `write`, `failed write`, in order; `write of N` for batches of N entries. */
  readonly diary: string[]
  readonly open: OpenDatabase
}

export function faultyDisk(): Disk {
  const disk: Disk = {
    broken: 'no',
    onWrite: async () => {},
    diary: [],
    async open(location) {
      if (disk.broken === 'open') throw Object.assign(new Error('No space left on device'), { code: 'LEVEL_IO_ERROR' })
      const database = await openLevel(location)
      disk.diary.push('open')
      return {
        ...database,
        batch() {
          const batch = database.batch()
          return {
            put: (key: string, value: string | Buffer, options?: { readonly valueEncoding: 'buffer' }) =>
              typeof value === 'string' ? batch.put(key, value) : batch.put(key, value, options ?? { valueEncoding: 'buffer' }),
            del: key => batch.del(key),
            async write(options) {
              await disk.onWrite()
              if (!options.sync) throw new Error('every batch must be synced')
              if (disk.broken === 'answer') await batch.write(options)
              if (disk.broken !== 'no') {
                if (disk.broken === 'answer') disk.broken = 'no'
                disk.diary.push('failed write')
                throw Object.assign(new Error('No space left on device'), { code: 'LEVEL_IO_ERROR' })
              }
              disk.diary.push('write')
              await batch.write(options)
            },
          }
        },
        async close() {
          disk.diary.push('close')
          await database.close()
        },
      }
    },
  }
  return disk
}
