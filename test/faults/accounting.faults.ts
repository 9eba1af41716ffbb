/**
 * Accounting under faults (`npm run test:faults`): every fault, thousands of mails, and afterwards every mail in exactly one class, nothing that
 * was acknowledged lost. `FAULTS_SEED=N FAULTS_ROUNDS=N` run it again, shorter or longer.
 */
import t from 'tap'
import { seeded } from '../support/seeded.ts'
import { openOutcome } from './accounts.ts'
import { type FaultName, faults } from './faults.ts'
import { ordeal } from './ordeal.ts'

const seed = Number(process.env.FAULTS_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const rounds = Number(process.env.FAULTS_ROUNDS ?? 60)
const names = Object.keys(faults) as [FaultName, ...FaultName[]]

t.test(`FAULTS_SEED=${seed}: ${rounds} faults under load`, async t => {
  const chance = seeded(seed)
  // Each once, and then by chance; twenty times behind an acknowledgement at least.
  const chosen = Array.from(
    { length: rounds },
    (_, round) => names[round] ?? (round % 3 === 0 ? (names[1] ?? names[0]) : chance.pick(names)),
  )
  const { counts, wrong, skipped } = await ordeal(t, { seed, faults: chosen, crms: 20, restMs: 40, between: 50 })
  t.comment(JSON.stringify(counts))
  t.same(wrong, [])
  t.ok((counts[openOutcome] ?? 0) <= (counts.accepted ?? 0) / 4, 'few outcomes are left open')
  t.ok((counts.accepted ?? 0) > rounds * 30, 'there was load')
  for (const [name, why] of skipped) t.test(name, { skip: why }, async () => {})
})
