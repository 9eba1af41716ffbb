/**
 * The HTTP API and the page.
 *
 * Test files that share a process: loading the program costs most of them more than their tests do. Each runs alone as well.
 */
import '../http/bulk.test.ts'
import '../http/hostile.test.ts'
import '../http/lists.test.ts'
import '../http/outbox.test.ts'
import '../http/page.test.ts'
import '../http/resources.test.ts'
import '../http/server.test.ts'
import '../http/undo.test.ts'
