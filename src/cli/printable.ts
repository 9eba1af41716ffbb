/**
 * Other people's words (subjects, diagnostics, addresses) as they may be shown on a terminal: they cannot steer it.
 *
 * Pure.
 */

/** Control characters (C0, C1) and those that change the direction of text or end a line. */
const steering = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The text with a space for each character that would steer. */
export function printable(text: string): string {
  return text.replace(steering, ' ')
}
