/**
 * The keys of the configuration that name files. Relative paths are relative to the configuration file.
 * Pure: what "relative to" means is the caller's function.
 */
import type { Config } from './schema.ts'

/** Gives the configuration with every path run through `resolve`. */
export function resolvePaths(config: Config, resolve: (path: string) => string): Config {
  return walk(config, resolve) as Config
}

/** Keys that hold one path or a list of them: every `…File` and `…Files`, and the store's directory. */
const isPathKey = (key: string): boolean => key.endsWith('File') || key.endsWith('Files') || key === 'path'

function walk(value: unknown, resolve: (path: string) => string): unknown {
  if (Array.isArray(value)) return value.map(item => walk(item, resolve))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!isPathKey(key)) return [key, walk(item, resolve)]
      return [key, Array.isArray(item) ? item.map(path => resolve(path)) : typeof item === 'string' ? resolve(item) : item]
    }),
  )
}
