/**
 * The frame of every page: head, navigation, what the person may reach, the foot.
 *
 * Pure.
 */
import { html, type Markup } from '../html.ts'
import { assetPaths } from './assets.ts'
import { languages } from './formats.ts'
import type { View } from './view.ts'
import { withQuery } from './with-query.ts'
import { en } from './words/en.ts'
import { fr } from './words/fr.ts'

/** Places of the navigation, by their name in the words. */
const places = {
  returns: '/',
  mails: '/mails',
  overview: '/overview',
  blacklist: '/blacklist',
  suspects: '/suspects',
  incidents: '/incidents',
  lists: '/lists',
  outbox: '/outbox',
  webhooks: '/webhooks',
} as const

export type Place = keyof typeof places

export type Page = {
  readonly title: string
  readonly body: Markup
  /** The place of the navigation that this page belongs to. */
  readonly place?: Place
  /** More for the head. */
  readonly head?: Markup
}

const nativeNames = { en: en.language, fr: fr.language }

/** Makes a whole page. */
export function layout(view: View, { title, body, place, head }: Page): string {
  const { words, language, zone } = view
  return html`<!doctype html>
<html lang="${language}" data-zone="${zone}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title} · rebond</title>
<link rel="icon" href="${assetPaths.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${assetPaths.style}">
<script src="${assetPaths.page}" defer></script>
${head ?? null}
</head>
<body>
<a class="skip" href="#main">${words.skip}</a>
<header class="top">
<a class="brand" href="/">rebond</a>
${view.admitted && navigation(view, place)}
${view.admitted && lookUp(view)}
${person(view)}
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer class="foot">
<p>${words.footer.zone(zone)}</p>
<p><a href="/openapi.json">${words.footer.api}</a> <a href="/problems">${words.footer.problems}</a></p>
</footer>
</body>
</html>
`.text

  function person({ person, admitted }: View): Markup {
    const logOut = html`<form method="post" action="/logout"><input type="hidden" name="form" value="${view.formToken()}"><span class="who">${words.person.signedInAs} <b>${person}</b></span> <button class="quiet">${words.person.logOut}</button></form>`
    const others = languages.filter(other => other !== language)
    return html`<div class="person">${others.map(
      other => html`<a href="${withQuery(view.path, { lang: other })}" lang="${other}" hreflang="${other}">${nativeNames[other]}</a>`,
    )}${admitted && person !== null && logOut}</div>`
  }

  function navigation({ words }: View, current: Place | undefined): Markup {
    const items = Object.entries(places).map(([name, path]) => {
      const here = name === current
      return html`<li><a href="${path}"${here && html` aria-current="page"`}>${words.nav[name as Place]}</a></li>`
    })
    return html`<nav aria-label="${words.nav.label}"><ul>${items}</ul></nav>`
  }

  function lookUp({ words }: View): Markup {
    const { label, placeholder, go } = words.lookUp
    return html`<form class="look-up" role="search" action="/addresses" aria-label="${label}"><input type="search" name="address" aria-label="${label}" placeholder="${placeholder}" autocomplete="off" spellcheck="false" autocapitalize="none"><button class="quiet">${go}</button></form>`
  }
}
