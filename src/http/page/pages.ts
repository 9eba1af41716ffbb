/**
 * All pages for people, behind the guard of access.ts: forms, languages, compression, and one file for each page.
 */
import type { App, HttpDeps } from '../app.ts'
import { refuseOtherMethods } from '../methods.ts'
import type { TokenCheck } from '../token-check.ts'
import { addressPageRoutes } from './address-page.ts'
import { assetRoutes } from './assets.ts'
import { blacklistPageRoutes } from './blacklist-page.ts'
import { compressPages } from './compress.ts'
import { acceptForms } from './forms.ts'
import { incidentPageRoutes } from './incidents-page.ts'
import { listPageRoutes } from './lists-page.ts'
import { type LogIn, logInRoutes } from './log-in.ts'
import { mailRoutes } from './mail-page.ts'
import { mailListRoutes } from './mails-page.ts'
import { outboxPageRoutes } from './outbox-page.ts'
import { overviewRoutes } from './overview-page.ts'
import { problemRoutes } from './problem-page.ts'
import { returnRoutes } from './return-page.ts'
import { returnedMailRoutes } from './returned-mail-page.ts'
import { suspectPageRoutes } from './suspects-page.ts'
import { askedLanguage, languageCookie } from './view.ts'
import { webhookPageRoutes } from './webhook-page.ts'
import { webhookListRoutes } from './webhooks-page.ts'

const year = 31_536_000

/** Adds every page. `app` must be a scope of its own: forms are read here, and by no route of the API. */
export function pageRoutes(app: App, deps: HttpDeps, logIn: LogIn, tokenCheck: TokenCheck): void {
  acceptForms(app, deps.config.publicUrl)
  rememberLanguage(app)
  compressPages(app)
  refuseOtherMethods(app, () => {
    assetRoutes(app)
    problemRoutes(app)
    logInRoutes(app, logIn, tokenCheck)
    returnedMailRoutes(app, deps)
    mailListRoutes(app, deps)
    mailRoutes(app, deps)
    returnRoutes(app, deps)
    addressPageRoutes(app, deps)
    blacklistPageRoutes(app, deps)
    suspectPageRoutes(app, deps)
    incidentPageRoutes(app, deps)
    listPageRoutes(app, deps)
    outboxPageRoutes(app, deps)
    webhookListRoutes(app, deps)
    webhookPageRoutes(app, deps)
    overviewRoutes(app, deps)
  })
}

/** `?lang=` is a choice that lasts. */
function rememberLanguage(app: App): void {
  app.addHook('preHandler', async (request, reply) => {
    const language = askedLanguage(request.query)
    if (language !== null) reply.setCookie(languageCookie, language, { path: '/', sameSite: 'lax', httpOnly: true, maxAge: year })
  })
}
