/**
 * The labelled replies that lie beside the repository (not part of it): the goals they are held to. Skips, and says so, where they are absent.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { classifyReply } from '../../src/classify/classify-reply.ts'

type Labelled = {
  readonly reply: string
  readonly type: 'hard' | 'soft'
  readonly category: string
  readonly alsoOk: readonly string[]
}

const file = fileURLToPath(new URL('../../../shared/corpus/replies-dev.ndjson', import.meta.url))
const skip = existsSync(file)
  ? false
  : 'SKIPPED: the labelled replies are not here (../shared/corpus/replies-dev.ndjson beside the repository)'

t.test('labelled replies: no living address is hard, few dead ones are missed, the category is right', { skip }, async t => {
  const replies = readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Labelled)
  let dead = 0
  let missed = 0
  let right = 0
  for (const { reply, type, category, alsoOk } of replies) {
    const verdict = classifyReply(reply.replaceAll('\\n', '\n'))
    if (type === 'soft') t.equal(verdict.type, 'soft', `${reply} is a living address (${verdict.rule})`)
    else dead++
    if (type === 'hard' && verdict.type === 'soft') {
      missed++
      t.comment(`missed: ${reply} (${verdict.category} by ${verdict.rule})`)
    }
    if (verdict.category === category || alsoOk.includes(verdict.category)) right++
  }
  t.ok(missed <= 0.05 * dead, `${missed} of ${dead} dead addresses missed`)
  t.ok(right >= 0.96 * replies.length, `${right} of ${replies.length} categories right`)
})
