/**
 * A second process for tests of forwarding: opens the store in argv[2] and forwards what is owed to the server on port argv[3], without end.
 * It is killed by the test.
 */
import { parseConfig } from '../../src/config/config.ts'
import { createForwarder } from '../../src/intake/forward.ts'
import { forwardRoute } from '../../src/intake/forward-route.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { createReturnPath } from '../../src/return-path/return-path.ts'
import { openLevelStore } from '../../src/store/level-store.ts'

const [, , path = '', port = ''] = process.argv
const log = createLog('silent')
const parsed = parseConfig({})
if (!parsed.ok) throw new Error('the configuration must be right')
const { config } = parsed

const store = await openLevelStore({ path, now: Date.now, log })
const forwarder = createForwarder({
  config: config.bounce,
  route: forwardRoute(config, () => ({ host: '127.0.0.1', port: Number(port) })),
  hostname: 'rebond.test',
  store,
  returnPath: createReturnPath({ ...config.returnPath, keys: [Buffer.alloc(32, 7)] }),
  log,
  metrics: createMetrics('test'),
  now: Date.now,
})
await forwarder.start()
