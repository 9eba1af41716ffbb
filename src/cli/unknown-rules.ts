/**
 * Rules that the configuration speaks of and that no table has: a policy for one of them would silently do nothing.
 * Pure.
 */

import type { RuleSet } from '../classify/compile-rules.ts'
import { nearest } from '../config/nearest.ts'

/** Lists a problem for each key of `policy.rules` that is the id of no rule. */
export function unknownRules(
  policyRules: object,
  { rules }: Pick<RuleSet, 'rules'>,
): { readonly path: string; readonly message: string }[] {
  const ids = new Set(rules.map(({ id }) => id))
  return Object.keys(policyRules)
    .filter(id => !ids.has(id))
    .map(id => {
      const near = nearest(ids, id, Math.max(2, Math.floor(id.length / 2)))
      const hint = near === null ? ' (the rule of a return stands in GET /v1/bounces)' : ` (did you mean ${near}?)`
      return { path: `policy.rules.${id}`, message: `must be the id of a rule, not ${id}${hint}` }
    })
}
