/**
 * X.400 systems behind a gateway: the names of X.411's diagnostics, as RFC 3464 §2.3.6 lets them stand in a report ("Reason 1
 * (Unable-To-Transfer); Diagnostic 0 (Unrecognised-OR-Name)").
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const source = 'ITU-T X.411 §8.3.1.2 (non-delivery-reason-code, non-delivery-diagnostic-code); RFC 2156 §4.8'

export const x400: RuleTable = {
  name: 'x.400',
  rules: [
    {
      id: 'x400-unrecognised-name',
      gives: 'invalid_address',
      when: {
        says: [
          '(unrecognised|unrecognized|ambiguous) (or|o r|orname|originator recipient) (name|)',
          '(unrecognised|unrecognized|ambiguous) orname',
        ],
      },
      sample: 'Reason 1 (Unable-To-Transfer); Diagnostic 0 (Unrecognised-OR-Name)',
      source,
    },
    {
      id: 'x400-expired',
      gives: 'no_answer',
      when: { says: ['maximum time expired'] },
      sample: 'Reason 0 (Transfer-Failure); Diagnostic 5 (Maximum-Time-Expired)',
      source,
    },
    {
      id: 'x400-unavailable',
      gives: 'temporary',
      when: { says: ['diagnostic * (recipient unavailable|mts congestion)', '(mts|mta) congestion'] },
      sample: 'Reason 1 (Unable-To-Transfer); Diagnostic 2 (MTS-Congestion)',
      source,
    },
    {
      id: 'x400-content',
      gives: 'content_rejected',
      when: {
        says: [
          '(encoded information types|content type|content syntax|conversion|protocol) * (unsupported|not supported|error|impractical|prohibited|violation|not performed)',
          'diagnostic * (content syntax|conversion)',
        ],
        and: ['(diagnostic|reason)'],
        unless: ['smtp'],
      },
      sample: 'Reason 2 (Conversion-Not-Performed); Diagnostic 6 (Encoded-Information-Types-Unsupported)',
      source,
    },
    {
      id: 'x400-loop',
      gives: 'relay_config',
      when: { says: ['diagnostic * (loop detected|line too long)'] },
      sample: 'Reason 1 (Unable-To-Transfer); Diagnostic 3 (Loop-Detected)',
      source,
    },
    {
      id: 'x400-too-long',
      gives: 'message_too_large',
      when: { says: ['diagnostic * (content too long|too many recipients)'] },
      sample: 'Reason 1 (Unable-To-Transfer); Diagnostic 7 (Content-Too-Long)',
      source,
    },
  ],
}
