/**
 * Returned mail: how it comes in, is passed on, and is played by the sandbox.
 *
 * Test files that share a process: loading the program costs most of them more than their tests do. Each runs alone as well.
 */
import '../intake/forward.test.ts'
import '../intake/hand-in.test.ts'
import '../intake/imap.test.ts'
import '../intake/ingest.test.ts'
import '../intake/listener.test.ts'
import '../intake/providers.test.ts'
import '../intake/seams.test.ts'
import '../sandbox/sandbox.test.ts'
