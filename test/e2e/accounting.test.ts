/**
 * Promises 1 and 5 in short: mails, returns, blocks, webhooks and forwards under load while the program is killed right behind an acknowledgement
 * and upstream fails; then the accounts. The long form, with every fault and a seed by chance: `npm run test:faults`.
 */
import t from 'tap'
import { openOutcome } from '../faults/accounts.ts'
import { ordeal } from '../faults/ordeal.ts'

t.test('kill -9 behind acknowledgements under load: every mail in one class, nothing acknowledged is lost', async t => {
  const { counts, wrong } = await ordeal(t, {
    seed: 1,
    faults: ['kill -9 right behind an acknowledgement', 'upstream resets, stalls, refuses, answers late and too late'],
    ...{ crms: 10, restMs: 20, between: 100, disk: false },
  })
  t.comment(JSON.stringify(counts))
  t.same(wrong, [])
  t.ok((counts[openOutcome] ?? 0) <= 10, 'one kill leaves no more outcomes open than there are sessions')
  t.ok((counts.accepted ?? 0) > 30 && (counts['returns acknowledged'] ?? 0) > 10, 'there was load')
})
