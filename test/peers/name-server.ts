/**
 * A name server on loopback that knows no domain at all: the answer to any question is NXDOMAIN (RFC 1035 §4.1.1).
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Test } from 'tap'

/** Starts it at a loopback address of its own, at the one port that resolvers ask; it ends with the test. Gives the address. */
export async function noDomains(t: Test): Promise<string> {
  const address = '127.0.0.153'
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const answer = Buffer.from(query)
    answer[2] = (answer[2] ?? 0) | 0x84 // QR, AA
    answer[3] = 0x80 | 3 // RA, NXDOMAIN
    socket.send(answer, from.port, from.address)
  })
  socket.bind(53, address)
  await once(socket, 'listening')
  t.teardown(() => new Promise<void>(resolve => socket.close(resolve)))
  return address
}
