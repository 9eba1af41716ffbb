/** Lets Node 20 run the TypeScript of src/, test/ and bench/ as it stands: `node --import ./test/support/typescript.mjs FILE.ts`. */
import { register } from 'node:module'

process.setSourceMapsEnabled(true)
register('./typescript-hooks.mjs', import.meta.url)
