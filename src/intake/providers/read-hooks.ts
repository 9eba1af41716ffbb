/**
 * The readers of the providers that are configured, with their secrets.
 */
import { readFile } from 'node:fs/promises'
import type { ProvidersConfig } from '../../config/provider-intake.ts'
import { brevoReader } from './brevo.ts'
import { mailgunReader } from './mailgun.ts'
import { postmarkReader } from './postmark.ts'
import { type Provider, providers, type ReadHook } from './provider-event.ts'
import { sendgridReader } from './sendgrid.ts'
import { createSesReader } from './ses.ts'
import type { FetchText } from './sns.ts'

const hourMs = 3_600_000
const minCharacters = 16

/** What a secret file must hold. */
export const providerSecretForm = 'one line of 16 characters or more; for postmark and brevo USER:PASSWORD'

/** Says whether a provider's secret can be one: an empty one would let everybody in. */
export function isProviderSecret(text: string): boolean {
  return text.length >= minCharacters && !/[\r\n]/.test(text)
}

/** Makes them. @throws {Error} a secret cannot be read, or is none */
export async function readHooks(config: ProvidersConfig, fetchText: FetchText): Promise<ReadonlyMap<Provider, ReadHook>> {
  const maxAgeMs = config.maxAgeHours * hourMs
  const { ses, postmark, sendgrid, mailgun, brevo } = config
  const made: Readonly<Record<Provider, ReadHook | null>> = {
    ses: ses && createSesReader({ ...ses, maxAgeMs, fetchText }),
    postmark: postmark && postmarkReader(await secretIn(postmark.passwordFile), maxAgeMs),
    sendgrid: sendgrid && sendgridReader(sendgrid.publicKey, maxAgeMs),
    mailgun: mailgun && mailgunReader(await secretIn(mailgun.signingKeyFile), maxAgeMs),
    brevo: brevo && brevoReader(await secretIn(brevo.passwordFile), maxAgeMs),
  }
  return new Map(providers.flatMap(name => (made[name] ? [[name, made[name]] as const] : [])))
}

async function secretIn(file: string): Promise<string> {
  const text = (await readFile(file, 'utf8')).trim()
  if (!isProviderSecret(text)) throw new Error(`${file} must hold ${providerSecretForm}`)
  return text
}
