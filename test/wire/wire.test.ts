import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createLog } from '../../src/observe/log.ts'
import { ChunkReader, readInto } from '../../src/wire/chunk-reader.ts'
import { Connection } from '../../src/wire/connection.ts'
import { Deadlines } from '../../src/wire/deadlines.ts'
import { dial } from '../../src/wire/dial.ts'
import { giveBack, readBufferOctets, takeBuffer } from '../../src/wire/read-buffers.ts'
import { backlog, duplicate, giveHandles, WideDoor } from '../../src/wire/wide-door.ts'
import { until } from '../support/until.ts'

/** A listener that hands over each accepted socket, and a client connected to it. */
async function pair(t: Test, accept: (socket: Socket) => void): Promise<{ client: Socket; server: Server; port: number }> {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, accept)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  t.teardown(() => {
    client.destroy()
    server.close()
  })
  await once(client, 'connect')
  return { client, server, port }
}

t.test('contract: this Node lets an accepted socket read into memory of ours', async t => {
  const reader = new ChunkReader()
  const chunks: { text: string; lent: boolean }[] = []
  let connection: Connection | null = null
  const { client } = await pair(t, socket => {
    t.equal(readInto(socket, reader), true, 'the seam is there; without it chunks are fresh memory, and slower')
    connection = new Connection(socket, reader)
    let closed = 0
    connection.bind({
      chunk(chunk) {
        chunks.push({ text: chunk.toString(), lent: reader.lends(chunk) })
        reader.useOwnBuffer(chunks.length === 1)
      },
      written() {},
      closed: () => t.equal(++closed, 1, 'closed is told once'),
    })
    connection.resume()
  })
  for (const [index, text] of ['one', 'two', 'three'].entries()) {
    client.write(text)
    await until(
      async () => chunks.length,
      length => length === index + 1,
    )
  }
  t.same(chunks, [
    { text: 'one', lent: true },
    { text: 'two', lent: false },
    { text: 'three', lent: true },
  ])
  client.end()
  await until(
    async () => connection?.closed,
    closed => closed === true,
  )
})

t.test('pausing stops the reading, and nothing is lost', async t => {
  for (const seam of [true, false]) {
    const reader = new ChunkReader()
    let octets = 0
    let connection: Connection | null = null
    const { client } = await pair(t, socket => {
      if (!seam || !readInto(socket, reader)) reader.readEvents(socket)
      connection = new Connection(socket, reader)
      connection.bind({
        chunk(chunk) {
          octets += chunk.length
          connection?.pause()
          setImmediate(() => connection?.resume())
        },
        written() {},
        closed() {},
      })
      connection.resume()
    })
    const sent = Buffer.alloc(3_000_000, 'x')
    client.write(sent)
    await until(
      async () => octets,
      length => length === sent.length,
    )
    t.equal(octets, sent.length, `with the seam: ${seam}`)
  }
})

t.test('what is said within one event leaves in one write', async t => {
  const { client } = await pair(t, socket => {
    const reader = new ChunkReader()
    const connection = new Connection(socket, reader)
    for (const word of ['a', 'b', 'c']) connection.say(word)
    t.equal(connection.unsent, 3)
    connection.flush()
    connection.say('\xe9')
    connection.finish()
  })
  const chunks: Buffer[] = []
  client.on('data', chunk => chunks.push(chunk))
  await once(client, 'close')
  t.equal(Buffer.concat(chunks).toString('latin1'), 'abc\xe9')
})

t.test('a write that the kernel cannot take is told when it is gone, its octets unchanged', async t => {
  const sent = Buffer.alloc(8_000_000, 'abcdefgh')
  let waited = false
  const { client } = await pair(t, socket => {
    const connection = new Connection(socket, new ChunkReader())
    connection.bind({
      chunk() {},
      written() {
        sent.fill(0)
        connection.finish()
      },
      closed() {},
    })
    waited = !connection.pass(sent)
  })
  await new Promise(setImmediate)
  let octets = 0
  let same = true
  client.on('data', chunk => {
    octets += chunk.length
    if (chunk.includes(0)) same = false
  })
  await once(client, 'close')
  t.same([waited, octets, same], [true, sent.length, true])
})

t.test('buffers are used again, and belong to one at a time', async t => {
  const [a, b] = [takeBuffer(), takeBuffer()]
  t.not(a, b)
  t.equal(a.length, readBufferOctets)
  giveBack(a)
  t.equal(takeBuffer(), a)
})

t.test('deadlines are told once, when they have passed', async t => {
  let now = 0
  const deadlines = new Deadlines(60_000, () => now)
  t.teardown(() => deadlines.stop())
  const told: string[] = []
  const deadline = (name: string, dueAt: number) => ({ dueAt, expire: () => void told.push(name) })
  const [early, late, gone] = [deadline('early', 10), deadline('late', 20), deadline('gone', 10)]
  for (const one of [early, late, gone]) deadlines.watch(one)
  deadlines.forget(gone)
  for (const at of [9, 10, 15, 20, 100]) {
    now = at
    deadlines.sweep()
  }
  t.same(told, ['early', 'late'])
})

t.test('a host that does not answer is an error, and every address is tried', async t => {
  const { port } = await pair(t, socket => socket.destroy())
  const options = { port, timeoutMs: 5000, implicitTls: null, mayUpgrade: false }
  const connection = await dial({ ...options, host: 'localhost' })
  t.match(connection.remoteAddress, /127\.0\.0\.1|::1/)
  connection.destroy()
  await t.rejects(dial({ ...options, host: '127.0.0.1', port: 1 }), { code: 'ECONNREFUSED' })
})

t.test('a crowd is let in many a turn, once it is one, and what came by any door is counted', async t => {
  const options = { noDelay: true, pauseOnConnect: true }
  const met: Socket[] = []
  const server = createServer(options, socket => met.push(socket))
  server.listen({ host: '127.0.0.1', port: 0, backlog })
  await once(server, 'listening')
  const door = new WideDoor(server, options, createLog('silent'))
  await giveHandles([door], createLog('silent'))
  const { port } = server.address() as { port: number }
  const clients = Array.from({ length: 200 }, () => connect({ port, host: '127.0.0.1' }).on('error', () => {}))
  t.teardown(() => {
    for (const socket of [...clients, ...met]) socket.destroy()
    server.close()
  })
  let turns = 0
  while (met.length < 200) {
    // A turn in which a thousand sessions want something.
    for (const until = performance.now() + 5; performance.now() < until; );
    await new Promise(setImmediate)
    turns++
  }
  t.ok(turns < 100, `${turns} turns for 200 connections`)
  for (const socket of clients) socket.destroy()
  const closed = door.close()
  t.equal(await Promise.race([closed, 'waits']), 'waits', 'it is closed when those that came this way have ended')
  for (const socket of met) socket.destroy()
  await closed
})

t.test('contract: a listening socket is duplicated by a child that ends, with nothing of ours in its environment', async t => {
  const server = createServer()
  await t.rejects(duplicate([server], 2), /passed fewer handles/, 'one that does not listen')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const [given = []] = await duplicate([server], 2)
  t.equal(given.length, 2)
  const { port } = server.address() as { port: number }
  server.close()
  const again = createServer(socket => socket.end('here')).listen(given[0], backlog)
  t.equal(await text(connect(port, '127.0.0.1')), 'here', 'the socket lives on in its duplicates')
  again.close()
  given[1]?.close()
})
