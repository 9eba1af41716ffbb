/**
 * The page's words in English: the frame of every page, forms, the log-in, problems.
 *
 * Pure.
 */
import type { ProblemKind } from '../../problem.ts'

export const enFrame = {
  language: 'English',
  skip: 'Skip to the content',
  nav: {
    label: 'Pages',
    overview: 'Overview',
    returns: 'Returned mail',
    mails: 'Sent mail',
    blacklist: 'Blacklist',
    suspects: 'Suspects',
    incidents: 'Incidents',
    lists: 'Lists',
    outbox: 'Forwarding',
    webhooks: 'Webhooks',
  },
  person: { signedInAs: 'Signed in as', logOut: 'Log out', switchLabel: 'Language' },
  lookUp: { label: 'Look up an address', placeholder: 'name@example.com', go: 'Look up' },
  footer: { zone: (zone: string) => `Times are those of ${zone}.`, api: 'API', problems: 'Errors explained' },
  login: {
    title: 'Log in',
    intro: 'Paste the token that your administrator gave you. It is exchanged for a cookie that ends after twelve hours.',
    token: 'Token',
    go: 'Log in',
    missing: 'Enter a token.',
    wrong: 'This token is not known.',
    noRead: 'This token may not read (it lacks the scope read), so there is nothing it could show you.',
    limited: (seconds: number) => `Too many wrong tokens came from your network. Wait ${seconds} seconds, and try again.`,
    ended: 'You have logged out.',
    help: 'No token? An administrator makes one with “rebond token new”.',
    moving: 'One moment …',
  },
  form: {
    staleTitle: 'Nothing was changed',
    stale: 'This form was open for too long, or came from elsewhere. Nothing was changed; please send it again.',
    why: 'Reason',
    whyHelp: 'For whoever asks later.',
    whyMissing: 'Say why, in a few words.',
    whyLong: 'At most 500 characters.',
    by: 'Your name',
    byHelp: 'Optional.',
    byLong: 'At most 100 characters.',
  },
  problem: {
    back: 'Back to returned mail',
    again: 'Open this page again',
    reference: 'Reference for the administrator',
    kinds: {} as Partial<Record<ProblemKind, { title: string; means: string }>>,
  },
}
