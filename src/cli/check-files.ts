/**
 * The files that a configuration names: certificates, keys, secrets. Are they there, may they be read, and do they hold what they must?
 *
 * Nothing of what a secret holds is ever said.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import type { Problem } from '../config/contradictions.ts'
import type { Config } from '../config/schema.ts'
import { isProviderSecret, providerSecretForm } from '../intake/providers/read-hooks.ts'
import { parseWebhookSecret, webhookSecretForm } from '../notify/webhook-secrets.ts'
import { parsePasswordHash } from '../relay/passwords.ts'
import { parseKey } from '../store/key-file.ts'

export type FileProblem = Problem & {
  /** The file lies where systemd shows secrets to the running service, and to nobody else. */
  readonly onlyInService: boolean
}

export type NamedFile = { readonly path: string; readonly file: string }

/** Lists every file that the configuration names, with the path of its key. The rule file is not among them: it is read with the configuration. */
export function filesOf(config: Config): NamedFile[] {
  return walk(config, '').filter(({ path }) => path !== 'classify.rulesFile')
}

/** Reads all of them and says what is wrong, in the voice of the configuration's problems. */
export async function checkFiles(config: Config): Promise<FileProblem[]> {
  const read = await Promise.all(filesOf(config).map(async named => ({ ...named, ...(await readNamed(named)) })))
  const problems = read.flatMap(({ path, file, why, wrong, onlyInService = false }) => {
    if (why !== undefined) return [{ path, message: `must be a file that can be read, not ${file} (${why})`, onlyInService }]
    return wrong === undefined ? [] : [{ path, message: `must hold ${wrong}, not what ${file} holds`, onlyInService }]
  })
  for (const { path, file, certificate } of read) {
    const key = read.find(other => other.path === path.replace(/certFile$/, 'keyFile'))
    if (certificate && key?.privateKey && !certificate.checkPrivateKey(key.privateKey)) {
      problems.push({ path: key.path, message: `must be the private key of ${file}, not ${key.file}`, onlyInService: false })
    }
  }
  return problems
}

type Read = {
  readonly why?: string
  readonly wrong?: string
  readonly onlyInService?: boolean
  readonly certificate?: X509Certificate
  readonly privateKey?: KeyObject
}

async function readNamed({ path, file }: NamedFile): Promise<Read> {
  let content: Buffer
  try {
    content = await readFile(file)
  } catch (err) {
    const { code, message } = err as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? `${userInfo().username} may not read it` : message
    return { why, onlyInService: dirname(file).startsWith('/run/credentials/') }
  }
  const text = content.toString('latin1')
  if (/(?:certFile|caFile)$/.test(path)) {
    const certificate = attempt(() => new X509Certificate(content))
    return certificate ? { certificate } : { wrong: 'a certificate (PEM)' }
  }
  if (/tls\.keyFile$/.test(path)) {
    const privateKey = attempt(() => createPrivateKey(content))
    return privateKey ? { privateKey } : { wrong: 'a private key (PEM) without a passphrase' }
  }
  if (/^returnPath\./.test(path)) return parseKey(text) ? {} : { wrong: 'base64 of 32 octets or more (openssl rand -base64 32)' }
  if (/passwordHashFile$/.test(path)) return parsePasswordHash(text) ? {} : { wrong: 'scrypt:N:r:p:SALT:HASH' }
  if (/^intake\.providers\./.test(path)) return isProviderSecret(text.trim()) ? {} : { wrong: providerSecretForm }
  if (/^webhooks\[/.test(path)) return parseWebhookSecret(text) ? {} : { wrong: webhookSecretForm }
  return /^[^\r\n]+\r?\n?$/.test(text) ? {} : { wrong: 'one line, the secret' }
}

function attempt<T>(make: () => T): T | null {
  try {
    return make()
  } catch {
    return null
  }
}

function walk(value: unknown, path: string): NamedFile[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => walk(item, `${path}[${index}]`))
  if (typeof value === 'string') return /Files?(?:\[\d+\])?$/.test(path) ? [{ path, file: value }] : []
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => walk(item, path === '' ? key : `${path}.${key}`))
}
