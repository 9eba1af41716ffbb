/**
 * Draws the tables of figures as stacked bars (uPlot), in the colours of the style sheet, in the reader's language and time zone.
 *
 * The table stays where it is: it is what screen readers read, and what is left without script.
 */
// @ts-check

/** @typedef {{ name: string, values: number[] }} Series */

const height = 240
const colours = 8
const { lang, dataset } = document.documentElement
const locale = lang === 'fr' ? 'fr-FR' : 'en-GB'

for (const figure of document.querySelectorAll('figure[data-plot]')) if (figure instanceof HTMLElement) draw(figure)

/** @param {HTMLElement} figure */
function draw(figure) {
  const table = figure.querySelector('table')
  const details = figure.querySelector('details')
  if (!table || !details) return
  const { times, series } = readTable(table)
  const place = document.createElement('div')
  place.className = 'canvas'
  place.setAttribute('role', 'img')
  place.setAttribute('aria-label', figure.querySelector('figcaption')?.textContent ?? '')
  details.before(place)
  const isDay = figure.dataset.plot === 'day'
  let plot = make()
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height })).observe(place)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    plot.destroy()
    plot = make()
  })

  function make() {
    const style = getComputedStyle(figure)
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim()
    // Days are those of UTC, hours those of the reader.
    const timeZone = isDay ? 'UTC' : (dataset.zone ?? 'UTC')
    const short = new Intl.DateTimeFormat(
      locale,
      isDay ? { timeZone, day: 'numeric', month: 'short' } : { timeZone, hour: '2-digit', minute: '2-digit' },
    )
    const long = new Intl.DateTimeFormat(
      locale,
      isDay ? { timeZone, dateStyle: 'medium' } : { timeZone, dateStyle: 'medium', timeStyle: 'short' },
    )
    const number = new Intl.NumberFormat(locale)
    const axis = {
      stroke: colour('--dim'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    }
    const step = isDay ? 86400 : 3600
    return new uPlot(
      {
        width: place.clientWidth,
        height,
        tzDate: (/** @type {number} */ at) => uPlot.tzDate(new Date(at * 1000), timeZone),
        cursor: { y: false, points: { show: false } },
        legend: { live: true },
        scales: {
          x: {
            range: (/** @type {unknown} */ _, /** @type {number} */ from, /** @type {number} */ to) => [from - step / 2, to + step / 2],
          },
          y: { range: (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ most) => [0, Math.max(5, most * 1.08)] },
        },
        axes: [
          {
            ...axis,
            size: 30,
            grid: { show: false },
            values: (/** @type {unknown} */ _, /** @type {number[]} */ at) => at.map(one => short.format(one * 1000)),
            space: 70,
          },
          {
            ...axis,
            size: 48,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7],
            values: (/** @type {unknown} */ _, /** @type {number[]} */ at) => at.map(one => number.format(one)),
          },
        ],
        series: [
          {
            value: (/** @type {unknown} */ _, /** @type {number | null} */ at) => (at === null ? '' : long.format(at * 1000)),
            label: table?.querySelector('thead th')?.textContent ?? '',
          },
          // The sum of all is drawn first, and covered from above by the smaller ones.
          ...series.map(({ name, values }, index) => ({
            label: name,
            fill: colour(`--series-${(index % colours) + 1}`),
            stroke: colour('--card'),
            width: 1,
            paths: uPlot.paths.bars({ size: [0.75, 56], radius: 0 }),
            points: { show: false },
            value: (/** @type {unknown} */ _, /** @type {unknown} */ __, /** @type {unknown} */ ___, /** @type {number | null} */ at) =>
              at === null ? '' : number.format(values[at] ?? 0),
          })),
        ],
      },
      [times, ...stacked(series)],
      place,
    )
  }
}

/**
 * Each series with all that come after it: drawn in order, the later ones cover the lower part.
 * @param {Series[]} series
 */
function stacked(series) {
  const sums = series.map(({ values }) => [...values])
  for (let index = sums.length - 2; index >= 0; index--)
    sums[index] = (sums[index] ?? []).map((value, at) => value + (sums[index + 1]?.[at] ?? 0))
  return sums
}

/**
 * @param {HTMLTableElement} table
 * @returns {{ times: number[], series: Series[] }}
 */
function readTable(table) {
  const rows = [...table.querySelectorAll('tbody tr')]
  const times = rows.map(row => Number(row.querySelector('time')?.dataset.at))
  const names = [...table.querySelectorAll('thead th')].slice(1).map(head => head.textContent ?? '')
  const series = names.map((name, index) => ({
    name,
    values: rows.map(row => Number(/** @type {HTMLElement | undefined} */ (row.querySelectorAll('td')[index])?.dataset.value ?? 0)),
  }))
  return { times, series }
}
