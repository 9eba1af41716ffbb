/**
 * The words of the page in English, and by their type what every language must have.
 *
 * Pure.
 */
import { enFrame } from './en-frame.ts'
import { enLists } from './en-lists.ts'
import { enReturned } from './en-returned.ts'
import { enSending } from './en-sending.ts'
import { enTerms } from './en-terms.ts'

export const en = { ...enFrame, ...enTerms, ...enReturned, ...enLists, ...enSending }

export type Words = typeof en
