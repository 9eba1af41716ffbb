/**
 * Messages as they arrived at the next hop, under the name that the client said in EHLO: the mail server writes that in its trace.
 */
import type { ScriptedUpstream, UpstreamSession } from '../support/scripted-upstream.ts'

/** One message that the server accepted; its recipients sorted, its octets without the trace that the server added. */
export type Arrival = { readonly to: readonly string[]; readonly body: string }

/** The trace field of the server itself stands first: from the client's name, with the queue id. */
const trace = /^Received: from (\S+)(?:[^\r]|\r\n[ \t])*? id ([\w-]+)(?:[^\r]|\r\n[ \t])*\r\n/

/** Gives all that arrived so far, by client; a message that came in several deliveries is one. */
export function arrivals({ sessions }: ScriptedUpstream): Map<string, Arrival[]> {
  const messages = new Map<string, { client: string; to: Set<string>; body: string }>()
  for (const { to, wire } of sessions.flatMap(deliveries)) {
    const [found, client, id] = trace.exec(wire) ?? []
    if (found === undefined || client === undefined || id === undefined) continue
    const message = messages.get(id) ?? { client, to: new Set(), body: wire.slice(found.length) }
    for (const recipient of to) message.to.add(recipient)
    messages.set(id, message)
  }
  const byClient = new Map<string, Arrival[]>()
  for (const { client, to, body } of messages.values()) {
    byClient.set(client, [...(byClient.get(client) ?? []), { to: [...to].sort(), body }])
  }
  return byClient
}

function deliveries({ lines, messages }: UpstreamSession): { to: string[]; wire: string }[] {
  const recipients: string[][] = []
  let to: string[] = []
  for (const line of lines) {
    if (line.startsWith('MAIL')) to = []
    else if (line.startsWith('RCPT')) to.push(/<(.*?)>/.exec(line)?.[1] ?? '')
    else if (line === 'DATA') recipients.push(to)
  }
  return messages.map((wire, i) => ({ to: recipients[i] ?? [], wire }))
}
