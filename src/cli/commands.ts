/**
 * Every command: its manual, and how to run it. A command's code is loaded when it runs, so that `rebond --help` is quick and `classify`
 * opens no store.
 */
import { addressManual } from './manual/address.ts'
import { backupManual } from './manual/backup.ts'
import { checkConfigManual } from './manual/check-config.ts'
import { classifyManual, classifyReplyManual } from './manual/classify.ts'
import { completionManual } from './manual/completion.ts'
import { doctorManual } from './manual/doctor.ts'
import { exportManual } from './manual/export.ts'
import { importManual } from './manual/import.ts'
import { ingestManual } from './manual/ingest.ts'
import { rejudgeManual } from './manual/rejudge.ts'
import { repairManual } from './manual/repair.ts'
import { serveManual } from './manual/serve.ts'
import { storeManual } from './manual/store.ts'
import { tokenManual } from './manual/token.ts'
import { versionManual } from './manual/version.ts'
import type { Command } from './run-command.ts'
import { version } from './version.ts'

export const commands: readonly Command[] = [
  { manual: serveManual, outlivesReaders: true, run: async (args, io) => (await import('./serve.ts')).runServe(args, io) },
  { manual: checkConfigManual, run: async (args, io) => (await import('./check-config.ts')).runCheckConfig(args, io) },
  { manual: doctorManual, run: async (args, io) => (await import('./doctor.ts')).runDoctor(args, io) },
  { manual: addressManual, run: async (args, io) => (await import('./address.ts')).runAddress(args, io) },
  { manual: importManual, run: async (args, io) => (await import('./import.ts')).runImport(args, io) },
  { manual: exportManual, run: async (args, io) => (await import('./export.ts')).runExport(args, io) },
  { manual: backupManual, run: async (args, io) => (await import('./backup.ts')).runBackup(args, io) },
  { manual: rejudgeManual, run: async (args, io) => (await import('./rejudge.ts')).runRejudge(args, io) },
  { manual: classifyManual, run: async (args, io) => (await import('./classify.ts')).runClassify(args, io) },
  { manual: classifyReplyManual, run: async (args, io) => (await import('./classify-reply.ts')).runClassifyReply(args, io) },
  { manual: repairManual, run: async (args, io) => (await import('./repair.ts')).runRepair(args, io) },
  { manual: storeManual, run: async (args, io) => (await import('./store.ts')).runStore(args, io) },
  { manual: ingestManual, run: async (args, io) => (await import('./ingest.ts')).runIngest(args, io) },
  { manual: tokenManual, run: async (args, io) => (await import('./token.ts')).runToken(args, io) },
  { manual: completionManual, run: async (args, io) => (await import('./completion.ts')).runCompletion(args, io) },
  {
    manual: versionManual,
    run: async (_args, io) => {
      io.stdout.write(`rebond ${version}\n`)
      return 0
    },
  },
]
