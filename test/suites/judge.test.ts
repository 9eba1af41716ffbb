/**
 * What a return may do, who is told, and what is kept.
 *
 * Test files that share a process: loading the program costs most of them more than their tests do. Each runs alone as well.
 */
import '../judge/judge-store.test.ts'
import '../judge/judge.test.ts'
import '../judge/recipient-match.test.ts'
import '../judge/refusal.test.ts'
import '../judge/rejudge.test.ts'
import '../judge/tallies.test.ts'
import '../judge/undo.test.ts'
import '../notify/notify.test.ts'
import '../privacy.test.ts'
