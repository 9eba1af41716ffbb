/** The manual of `rebond --version`. Pure. */
import type { Manual } from './manual.ts'

export const versionManual = {
  name: '--version',
  summary: 'print the version',
  synopsis: ['--version'],
  description: ['Prints the name of the program and its version.'],
  options: {},
  examples: [],
  exit: { 0: 'done' },
} as const satisfies Manual
