/**
 * What pages load beside themselves: one style, two scripts, one icon, and uPlot. Read once, compressed when first asked for (a
 * program that serves no page need not wait for it), named by their content, so that a browser asks for each once and an upgrade is seen at once.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import type { App } from '../app.ts'
import { sendProblem } from '../problem.ts'

const directory = new URL('../../../assets/', import.meta.url)
const uplot = createRequire(import.meta.url).resolve('uplot/dist/uPlot.iife.min.js')

const sources = {
  style: { file: new URL('style.css', directory), name: 'style', type: 'text/css; charset=utf-8' },
  page: { file: new URL('page.js', directory), name: 'page', type: 'text/javascript; charset=utf-8' },
  plots: { file: new URL('plots.js', directory), name: 'plots', type: 'text/javascript; charset=utf-8' },
  icon: { file: new URL('icon.svg', directory), name: 'icon', type: 'image/svg+xml' },
  uplot: { file: uplot, name: 'uplot', type: 'text/javascript; charset=utf-8' },
  uplotStyle: { file: uplot.replace('uPlot.iife.min.js', 'uPlot.min.css'), name: 'uplot', type: 'text/css; charset=utf-8' },
} as const

export type Asset = keyof typeof sources

type Coding = 'br' | 'gzip'
type Loaded = { readonly type: string; readonly octets: Buffer; readonly coded: Partial<Record<Coding, Buffer>> }

const compress = { br: brotliCompressSync, gzip: gzipSync } as const

const byName = new Map<string, Loaded>()

/** Where pages find each asset: a path that changes with its content. */
export const assetPaths = Object.fromEntries(
  Object.entries(sources).map(([key, { file, name, type }]) => {
    const octets = readFileSync(file)
    const digest = createHash('sha256').update(octets).digest('hex').slice(0, 12)
    const ending = type.startsWith('text/css') ? 'css' : type.startsWith('image/') ? 'svg' : 'js'
    const full = `${name}.${digest}.${ending}`
    byName.set(full, { type, octets, coded: {} })
    return [key, `/assets/${full}`]
  }),
) as Readonly<Record<Asset, string>>

const year = 31_536_000

/** Adds the route. */
export function assetRoutes(app: App): void {
  app.route({
    method: 'GET',
    url: '/assets/:name',
    config: { access: 'none' },
    schema: { hide: true, params: z.strictObject({ name: z.string() }) },
    handler: (request, reply) => {
      const asset = byName.get(request.params.name)
      if (asset === undefined) return sendProblem(reply, 'not-found', 'There is no such file.')
      const accepted = String(request.headers['accept-encoding'] ?? '')
      const coding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null
      if (coding) {
        asset.coded[coding] ??= compress[coding](asset.octets)
        reply.header('content-encoding', coding)
      }
      return reply
        .header('cache-control', `public, max-age=${year}, immutable`)
        .header('vary', 'accept-encoding')
        .type(asset.type)
        .send(coding ? asset.coded[coding] : asset.octets)
    },
  })
}
