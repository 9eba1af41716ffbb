/**
 * Values that many keys of the configuration hold: ports, hosts, domains, paths, sizes, times, addresses.
 *
 * Pure.
 */
import { z } from 'zod'
import { addressKeyOf } from '../smtp/path.ts'

export const port = z.int().min(0).max(65535)
/** What nobody listens on: we connect to it. */
export const remotePort = z.int().min(1).max(65535)
// It is said in greetings and commands: a line end in it would end ours.
export const host = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s\p{Cc}]+$/u, { error: 'must be a host name or an address' })
export const domain = host.refine(text => addressKeyOf(`a@${text}`) !== null, { error: 'must be a domain such as bounces.example.com' })
export const path = z.string().min(1)
export const octets = z.int().min(1024)
export const seconds = (otherwise: number) => z.number().positive().max(86_400).default(otherwise)
export const days = z.number().positive().max(36_500)
export const address = z.string().regex(/^[^\s<>@][^\s<>]*@[^\s<>@]+$/, { error: 'must be a mail address' })
export const headerName = z.string().regex(/^[\x21-\x39\x3b-\x7e]+$/, { error: 'must be the name of a header field, without the colon' })
