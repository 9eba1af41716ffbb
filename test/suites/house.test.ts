/**
 * The house itself, its papers and packages, and the command line.
 *
 * Test files that share a process: loading the program costs most of them more than their tests do. Each runs alone as well.
 */
import '../architecture.test.ts'
import '../cli-client.test.ts'
import '../cli/command-line.test.ts'
import '../cli/doctor.test.ts'
import '../docs.test.ts'
import '../packaging.test.ts'
