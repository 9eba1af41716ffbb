/**
 * Loads TypeScript files: the hooks (node:module, `register`) that typescript.mjs registers.
 */
import { fileURLToPath } from 'node:url'
import { javascriptOf } from './javascript-of.mjs'

/** A file beside another is where its name says: asking the other hooks costs more than all the rest of loading it. */
export async function resolve(specifier, context, nextResolve) {
  if (context.parentURL === undefined || !/^\.\.?\/.*\.ts$/.test(specifier)) return nextResolve(specifier, context)
  return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !/\.ts(\?|$)/.test(url)) return nextLoad(url, context)
  return { format: 'module', source: javascriptOf(fileURLToPath(url)), shortCircuit: true }
}
