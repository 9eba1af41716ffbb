/**
 * `intake.providers`: mail providers that tell of returns by web hook, and what each proves itself by (doc/other-ways-in.md).
 *
 * Pure.
 */
import { z } from 'zod'
import { path } from './fields.ts'

const topicArn = z
  .string()
  .regex(/^arn:aws(?:-cn|-us-gov)?:sns:[a-z]{2}[a-z0-9-]{3,30}:\d{12}:[\w-]{1,256}$/, { error: 'must be the ARN of an SNS topic' })

const password = z.strictObject({
  passwordFile: path.describe('USER:PASSWORD, as it stands in the URL that the provider calls'),
})

/** The section. */
export const providers = z
  .strictObject({
    ses: z
      .strictObject({ topicArns: z.array(topicArn).min(1).describe('topics that are ours; all others are refused') })
      .nullable()
      .default(null)
      .describe('Amazon SES, by SNS: { topicArns }'),
    postmark: password.nullable().default(null).describe('{ passwordFile }: USER:PASSWORD of the URL that it calls'),
    sendgrid: z
      .strictObject({
        publicKey: z
          .string()
          // A key on P-256 as SubjectPublicKeyInfo (RFC 5480) always begins so.
          .regex(/^MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{86}==$/, {
            error: 'must be the verification key as SendGrid shows it',
          })
          .describe('verification key of the signed event webhook'),
      })
      .nullable()
      .default(null)
      .describe('{ publicKey }: the verification key of its signed event webhook'),
    mailgun: z
      .strictObject({ signingKeyFile: path.describe('its HTTP webhook signing key') })
      .nullable()
      .default(null)
      .describe('{ signingKeyFile }: its HTTP webhook signing key'),
    brevo: password.nullable().default(null).describe('{ passwordFile }: USER:PASSWORD of the URL that it calls'),
    maxAgeHours: z
      .number()
      .positive()
      .max(24 * 14)
      .default(24)
      .describe('older events are refused; providers try again for a day at most'),
  })
  .prefault({})

export type ProvidersConfig = z.output<typeof providers>
