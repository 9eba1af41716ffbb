/**
 * Barracuda, a filter in front of other people's servers.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const barracuda: RuleTable = {
  name: 'barracuda',
  hosts: ['barracudanetworks.com', 'cudaops.com', 'cudamail.com'],
  marks: ['cuda nsu'],
  rules: [
    {
      id: 'barracuda-no-such-user',
      gives: 'invalid_address',
      when: { says: ['cuda nsu'], code: ['5yz'], unless: ['(blocked|spam|policy|denied|listed|reputation|blacklisted)', 'temporar*'] },
      sample: '550 cuda_nsu 5.1.1 <jean@example.com>: Recipient address rejected: User unknown',
      source: 'https://campus.barracuda.com/ (Email Gateway Defense, error codes)',
    },
    {
      id: 'barracuda-blocked',
      gives: 'sender_blocked',
      when: { says: ['permanent failure for one or more recipients blocked', 'for one or more recipients * blocked'] },
      sample: '550 permanent failure for one or more recipients (jean@example.com:blocked)',
      source: 'https://campus.barracuda.com/ (Email Gateway Defense, error codes)',
    },
  ],
}
