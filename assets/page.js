/**
 * What the page does with script that it does not do without: the reader's time zone, search as you type, the navigation scrolled to where one is.
 *
 * Without script times are UTC, and the form has its button.
 */
// @ts-check

/** Milliseconds after the last key before the server is asked. */
const pauseMs = 200

tellZone()
// Where the navigation is wider than the screen, the place one is at is in sight.
document.querySelector('header nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
for (const form of document.querySelectorAll('form[data-live]')) if (form instanceof HTMLFormElement) searchAsYouType(form)

/** Tells the server the browser's time zone, once; a page that was made for another one is asked for again. */
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const told = `rebond_zone=${zone}`
  if (!zone || document.cookie.includes(told)) return
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
  document.cookie = `${told}; path=/; max-age=31536000; SameSite=Lax`
  const isForm = document.querySelector('form[method=post] .error, .notice')
  if (document.documentElement.dataset.zone !== zone && document.cookie.includes(told) && !isForm) location.replace(location.href)
}

/**
 * Shows the results of a form while it is being filled in. The address of the page follows, so that it can be kept or sent on.
 * @param {HTMLFormElement} form
 */
function searchAsYouType(form) {
  const id = form.dataset.live ?? ''
  let timer = 0
  let asked = 0
  form.addEventListener('input', ({ target }) => {
    // Half an address is no mistake yet: only the search runs along, the rest when it is left.
    if (!(target instanceof HTMLInputElement) || target.type !== 'search') return
    clearTimeout(timer)
    timer = window.setTimeout(show, pauseMs)
  })
  form.addEventListener('change', () => {
    clearTimeout(timer)
    show()
  })

  async function show() {
    const mine = ++asked
    const fields = [...new FormData(form)].filter(([, value]) => value !== '')
    const query = new URLSearchParams(/** @type {[string, string][]} */ (fields)).toString()
    const url = form.action.replace(/\?.*$/, '') + (query ? `?${query}` : '')
    const results = document.getElementById(id)
    results?.classList.add('busy')
    try {
      const reply = await fetch(url, { headers: { accept: 'text/html' } })
      const found = new DOMParser().parseFromString(await reply.text(), 'text/html')
      if (mine !== asked) return
      const fresh = found.getElementById(id)
      // Anything else, such as the log-in, is worth a page of its own.
      if (!fresh) return location.assign(url)
      results?.replaceWith(fresh)
      showErrors(form, found)
      history.replaceState(null, '', url)
    } catch {
      results?.classList.remove('busy')
    }
  }
}

/**
 * Takes over which fields are wrong, without touching what is being typed.
 * @param {HTMLFormElement} form
 * @param {Document} found
 */
function showErrors(form, found) {
  for (const control of form.querySelectorAll('input[id], select[id]')) {
    const other = found.getElementById(control.id)
    const [here, there] = [control.closest('.field'), other?.closest('.field')]
    if (!here || !there || !other) continue
    for (const name of ['aria-invalid', 'aria-describedby']) {
      const value = other.getAttribute(name)
      if (value === null) control.removeAttribute(name)
      else control.setAttribute(name, value)
    }
    here.querySelector('.error')?.remove()
    const error = there.querySelector('.error')
    if (error) control.after(error)
  }
}
