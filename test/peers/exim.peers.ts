/**
 * Rebond before a real Exim: `npm run test:peers`, as root; see exim.ts for where the program is looked for.
 */
import t from 'tap'
import { eximMissing, startExim } from './exim.ts'
import { openNeighbourhood } from './neighbourhood.ts'
import { remoteFates, returnsAreJudged } from './returns.ts'

const skip = eximMissing() ?? false
if (skip) console.error(skip)

t.test('Exim returns mail, and each return is judged by its cause', { skip }, async t => {
  const around = await openNeighbourhood(t)
  await startExim(t, around)
  // Exim says "Unrouteable address" of an unknown domain and of an unknown user alike.
  await returnsAreJudged(t, around.program, 'exim', [
    { address: 'ghost@local.test', category: 'invalid_address', blacklisted: true, source: 'reply' },
    ...remoteFates.filter(({ address }) => address !== 'anyone@nodomain.test'),
    { address: 'anyone@nodomain.test', category: 'invalid_address', blacklisted: true, source: 'dsn' },
  ])
})
