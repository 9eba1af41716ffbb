/**
 * Rebond before a real OpenSMTPD: `npm run test:peers`, as root; see opensmtpd.ts for where the program is looked for.
 */
import t from 'tap'
import { openNeighbourhood } from './neighbourhood.ts'
import { opensmtpdMissing, startOpensmtpd } from './opensmtpd.ts'
import { remoteFates, returnsAreJudged } from './returns.ts'

const skip = opensmtpdMissing() ?? false
if (skip) console.error(skip)

t.test('OpenSMTPD returns mail, and each return is judged by its cause', { skip }, async t => {
  const around = await openNeighbourhood(t)
  await startOpensmtpd(t, around)
  await returnsAreJudged(t, around.program, 'opensmtpd', [
    { address: 'ghost@local.test', category: 'invalid_address', blacklisted: true, source: 'reply' },
    // OpenSMTPD says "Mailing list expansion problem" of an unknown virtual user and of an alias that goes in circles.
    { address: 'ghost@virtual.test', category: 'invalid_address', blacklisted: false, source: 'reply', awaitsConfirmation: true },
    { address: 'heavy@local.test', category: 'mailbox_full', blacklisted: false, source: 'dsn' },
    // It forgets the reply to each attempt, and says in the end that the time is over.
    ...remoteFates.map(fate => (fate.address === 'fuller@remote.test' ? { ...fate, category: 'no_answer' as const } : fate)),
  ])
})
