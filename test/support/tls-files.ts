/**
 * Where the tests' certificates are: test/support/tls/README.md. The sources are read in place, wherever the compiled test runs.
 */
import { join } from 'node:path'

/** Path of a file in test/support/tls. */
export function tlsFile(name: string): string {
  return join(process.cwd(), 'test', 'support', 'tls', name)
}
