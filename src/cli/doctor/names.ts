/**
 * DNS as the doctor asks it: answers, or null where a name has none of that kind. Trouble of the resolver is thrown.
 */
import { promises as dns } from 'node:dns'

export type Names = {
  addresses(name: string): Promise<readonly string[] | null>
  /** Hosts, the most wanted first. */
  mx(name: string): Promise<readonly string[] | null>
  /** Each record's strings joined. */
  txt(name: string): Promise<readonly string[] | null>
}

/** The names of a resolver of node:dns; the machine's own unless told. */
export function createNames(
  resolver: Pick<dns.Resolver, 'resolve4' | 'resolve6' | 'resolveMx' | 'resolveTxt'> = new dns.Resolver({ timeout: 5000, tries: 2 }),
): Names {
  return {
    async addresses(name) {
      const [four, six] = await Promise.all([some(resolver.resolve4(name)), some(resolver.resolve6(name))])
      return four === null && six === null ? null : [...(four ?? []), ...(six ?? [])]
    },
    async mx(name) {
      const found = await some(resolver.resolveMx(name))
      return found === null ? null : [...found].sort((a, b) => a.priority - b.priority).map(({ exchange }) => exchange)
    },
    async txt(name) {
      const found = await some(resolver.resolveTxt(name))
      return found?.map(strings => strings.join('')) ?? null
    },
  }
}

async function some<T>(asked: Promise<T[]>): Promise<T[] | null> {
  try {
    return await asked
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'ENODATA' || code === 'ENOTFOUND') return null
    throw err
  }
}
