/**
 * What a large message costs in memory: 100 MB through the relay to an upstream that reads slowly.
 *
 * Run: node --import @tapjs/typescript/import bench/relay-memory.ts [MB] [MB-PER-SECOND]. Prints how much the relay's resident memory grew; the
 * bound that must hold is 40 MB, whatever the size of the message.
 */
import { connect } from 'node:net'
import { inputPort, startNode } from './processes.ts'

const [megabytes = '100', perSecond = '10'] = process.argv.slice(2)
const sink = await startNode('smtp-load.ts', ['sink', String(Number(perSecond) * 1e6)])
const relay = await startNode('relay-server.ts', [String(inputPort(sink)), '1000'])

const socket = connect({ port: inputPort(relay), host: '127.0.0.1', noDelay: true })
let said = ''
socket.on('data', chunk => {
  said += chunk.toString('latin1')
})
const answered = async (reply: RegExp) => {
  while (!reply.test(said)) await new Promise(resolve => setTimeout(resolve, 20))
  said = ''
}
await answered(/^220 /m)
for (const line of ['EHLO bench.test', 'MAIL FROM:<crm@sender.test>', 'RCPT TO:<u@good.example>']) {
  socket.write(`${line}\r\n`)
  await answered(/^250 /m)
}
socket.write('DATA\r\n')
await answered(/^354 /m)

const before = (await relay.ask()).residentMb
let most = before
let over = false
const watch = (async () => {
  while (!over) {
    most = Math.max(most, (await relay.ask()).residentMb)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
})()
const from = performance.now()
const piece = `${'y'.repeat(998)}\r\n`.repeat(100)
socket.write('Subject: large\r\n\r\n')
for (let sent = 0; sent < Number(megabytes) * 1e6; sent += piece.length) {
  if (!socket.write(piece, 'latin1')) await new Promise(resolve => socket.once('drain', resolve))
}
socket.write('.\r\n')
await answered(/^250 /m)
over = true
await watch
const seconds = ((performance.now() - from) / 1000).toFixed(1)
process.stdout.write(
  `${megabytes} MB in ${seconds} s to an upstream that reads ${perSecond} MB/s: resident memory ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most, grew by ${(most - before).toFixed(1)} MB (bound: 40)\n`,
)
socket.destroy()
relay.stop()
sink.stop()
process.exit(0)
