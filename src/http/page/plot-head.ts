/**
 * What a page with plots loads beside the rest.
 *
 * Pure.
 */
import { html } from '../html.ts'
import { assetPaths } from './assets.ts'

export const plotHead = html`<link rel="stylesheet" href="${assetPaths.uplotStyle}">
<script src="${assetPaths.uplot}" defer></script>
<script src="${assetPaths.plots}" defer></script>`
