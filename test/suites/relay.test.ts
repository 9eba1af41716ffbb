/**
 * The relay, and the sockets below it.
 *
 * Test files that share a process: loading the program costs most of them more than their tests do. Each runs alone as well.
 */
import '../relay/differential.test.ts'
import '../relay/session.test.ts'
import '../relay/transaction.test.ts'
import '../relay/trouble.test.ts'
import '../relay/upstream.test.ts'
import '../wire/wire.test.ts'
