/**
 * The id of a return: the id of its mail, and a hash of the address we wrote to and of what was reported (bounces.md, "Judgement").
 *
 * The same return by two paths, or sent twice, is one record. The mail is part of the hash: ids of two mails do not tell that they went to
 * the same address.
 * Pure.
 */
import { createHash } from 'node:crypto'
import type { Action } from '../report/report.ts'
import { encodeBase32hex } from '../return-path/base32hex.ts'
import type { AddressKey } from '../smtp/path.ts'

/** 60 bits: the returns of one mail are few. */
const hashLength = 12

/** Gives the id of a return; `refused`: our own refusal of a blacklisted recipient; a complaint is neither failure nor delivery. */
export function bounceId(messageId: string, key: AddressKey, action: Action | 'refused' | 'complaint'): string {
  const hash = createHash('sha256').update(`rebond bounce id v1\0${messageId}\0${key}\0${action}`).digest()
  return `${messageId}-${encodeBase32hex(hash).slice(0, hashLength)}`
}
