/**
 * Answers that are made while they are sent: as fast as they are read, in the memory of one piece.
 */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Sends pieces of text as they come. One that throws ends the connection, so that nobody takes what came for the whole. */
export function sendPieces(reply: FastifyReply, type: string, pieces: AsyncIterable<string>): FastifyReply {
  return reply.type(type).send(Readable.from(pieces, { objectMode: false }))
}
