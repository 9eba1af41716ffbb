/**
 * The addresses of ours that a mail carried: its return path, the CRM's own reverse-path, and header From. Named in a server's words, they make
 * a refusal the sender's fault (bounces.md, "Fault before type"): "550 unknown user <b-…@bounces.example.com>" says nothing of the recipient.
 * Pure.
 */
import type { ReturnPath } from '../return-path/return-path.ts'
import type { Message } from '../store/message-records.ts'

/** Lists them; empty for a mail we do not know. */
export function ourAddresses(message: Message | null, returnPath: Pick<ReturnPath, 'address'>): string[] {
  if (!message) return []
  const written = message.reversePath === '' ? [] : [message.reversePath, returnPath.address(message.id, message.reversePath)]
  return message.from ? [...written, message.from.address] : written
}
