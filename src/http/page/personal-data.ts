/**
 * `/addresses/{address}/export|erase`: what a person may ask about their address. An erasure cannot be undone, so the address must be typed once more.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type AddressKey, addressKeyOf } from '../../smtp/path.ts'
import { formatKey } from '../address-key.ts'
import type { App, HttpDeps } from '../app.ts'
import { addressParam } from '../fields.ts'
import { html, type Markup } from '../html.ts'
import { eraseAddress, sendExport } from '../personal-data.ts'
import { readDeed, type TypedDeed } from './deed.ts'
import { asFields } from './filters.ts'
import { deedFields, postForm, textField } from './form-parts.ts'
import { addressPath } from './parts.ts'
import type { View } from './view.ts'
import { viewOf } from './view.ts'
import { withQuery } from './with-query.ts'

const params = z.strictObject({ address: addressParam })

/** What was sent and could not be done. */
export type EraseSaid = { readonly typed: TypedDeed; readonly confirm: { readonly value: string; readonly error?: string } }

/** Shows the page of an address again, with what is wrong. */
export type ShowAgain = (
  request: FastifyRequest,
  reply: FastifyReply,
  key: AddressKey,
  said: { readonly erase: EraseSaid; readonly error?: string },
) => Promise<FastifyReply>

/** Adds the routes. */
export function personalDataRoutes(app: App, deps: HttpDeps, show: ShowAgain): void {
  app.route({
    method: 'POST',
    url: '/addresses/:address/export',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: (request, reply) => {
      sendExport(deps, request.params.address, reply)
    },
  })

  app.route({
    method: 'POST',
    url: '/addresses/:address/erase',
    config: { access: 'admin', page: true },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { address: key } = request.params
      const view = viewOf(request)
      const { personal } = view.words
      const typed = readDeed(view, request.body)
      const value = asFields(request.body).confirm?.trim().slice(0, 400) ?? ''
      const confirmed = addressKeyOf(value) === key
      const erase = { typed, confirm: { value, ...(confirmed ? {} : { error: personal.confirmError }) } }
      if (!typed.ok || !confirmed) return show(request, reply.code(400), key, { erase })
      const erased = await eraseAddress(deps, key, typed)
      if (erased === 'busy') return show(request, reply.code(409), key, { erase, error: personal.busy })
      const { messages, bounces } = erased
      return reply.redirect(
        withQuery(addressPath(formatKey(key)), { done: 'erased', mails: String(messages), returns: String(bounces) }),
        303,
      )
    },
  })
}

/** The card on the page of an address. */
export function personalDataCard(view: View, address: string, erase: EraseSaid | undefined): Markup {
  const { personal } = view.words
  const { typed, confirm } = erase ?? {}
  const failed = typed?.ok === false ? typed : undefined
  const values = typed?.ok ? { why: typed.why, by: typed.by ?? undefined } : failed?.values
  const fields = html`<p class="dim">${personal.eraseHelp}</p>${deedFields(view, 'erase', values, failed?.errors)}
${textField({ id: 'erase-confirm', name: 'confirm', label: personal.confirm, value: confirm?.value, error: confirm?.error, required: true, placeholder: address })}
<p><button class="danger">${personal.eraseGo}</button></p>`
  return html`<details class="card"${erase && html` open`}><summary>${personal.title}</summary>
<h3>${personal.export}</h3>${postForm(view, `${addressPath(address)}/export`, html`<p class="dim">${personal.exportHelp}</p><p><button class="quiet">${personal.exportGo}</button></p>`)}
<h3>${personal.erase}</h3>${postForm(view, `${addressPath(address)}/erase`, fields)}</details>`
}
