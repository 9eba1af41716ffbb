/**
 * The mail of a return as it came, byte for byte, always as a download: a returned mail may hold anything, and no browser may render it as a
 * page of ours.
 */
import type { FastifyReply } from 'fastify'
import type { Store } from '../store/store.ts'
import { sendProblem } from './problem.ts'

/** Answers with the mail, or says why there is none. @throws {StoreUnavailable} */
export async function sendRawReturn(store: Store, id: string, reply: FastifyReply): Promise<FastifyReply> {
  const bounce = await store.bounce(id)
  if (bounce === null) return sendProblem(reply, 'not-found', 'No return has this id, or it has been forgotten.')
  if (bounce.reportId === null) {
    return sendProblem(reply, 'no-mail-kept', 'This return did not come as a mail: it is a reply in our own session.')
  }
  const raw = await store.rawReport(bounce.reportId)
  if (raw === null) return sendProblem(reply, 'no-mail-kept', 'The mail of this return has been forgotten.')
  reply.header('content-disposition', `attachment; filename="${bounce.reportId}.eml"`)
  return reply.type('message/rfc822').send(raw)
}
