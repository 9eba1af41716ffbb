/**
 * The secrets that webhooks are signed with (Standard Webhooks, "Signature scheme"): `whsec_` and base64 of 24 to 64 octets, one a file.
 *
 * While a secret is replaced both sign, so that the receiver may change over when it likes.
 */
import { readFile } from 'node:fs/promises'
import { Webhook } from 'standardwebhooks'

/** Signs a body: all secrets, the first first, as the `webhook-signature` header has them. */
export type Sign = (id: string, at: Date, body: string) => string

/** A secret cannot be used; `message` names the file and says what it must hold. */
export class WebhookSecretInvalid extends Error {
  readonly code = 'ERR_WEBHOOK_SECRET'
}

const minOctets = 24
const maxOctets = 64

/** Reads the files. @throws {WebhookSecretInvalid} one cannot be read, or holds no secret */
export async function readWebhookSecrets(files: readonly string[]): Promise<Sign> {
  const signers = await Promise.all(files.map(readSecret))
  return (id, at, body) => signers.map(signer => signer.sign(id, at, body)).join(' ')
}

/** What a file must hold, and how to make it. */
export const webhookSecretForm = 'whsec_ and base64 of 24 to 64 octets (echo "whsec_$(openssl rand -base64 32)" makes one)'

/** Reads a secret as its file holds it; null when it is none. */
export function parseWebhookSecret(text: string): Webhook | null {
  const secret = text.trim().replace(/^whsec_/, '')
  const octets = Buffer.from(secret, 'base64')
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(secret) && octets.toString('base64').replace(/=+$/, '') === secret.replace(/=+$/, '')
  return isBase64 && octets.length >= minOctets && octets.length <= maxOctets ? new Webhook(octets.toString('base64')) : null
}

async function readSecret(file: string): Promise<Webhook> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new WebhookSecretInvalid(`the secret of a webhook in ${file} must be readable`, { cause })
  }
  const secret = parseWebhookSecret(text)
  if (secret === null) throw new WebhookSecretInvalid(`${file} must hold ${webhookSecretForm}`)
  return secret
}
