/**
 * The words of the page in French.
 *
 * Pure.
 */
import type { Words } from './en.ts'
import { frFrame } from './fr-frame.ts'
import { frLists } from './fr-lists.ts'
import { frReturned } from './fr-returned.ts'
import { frSending } from './fr-sending.ts'
import { frTerms } from './fr-terms.ts'

export const fr: Words = { ...frFrame, ...frTerms, ...frReturned, ...frLists, ...frSending }
