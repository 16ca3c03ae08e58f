// Draws what happened to records in each second of the last five minutes: one strip per outcome, each with its own
// scale, so that the strips can be told apart without their colours. Grey: a broker was not up.
import { $, element, number } from './dom.js'

const SVG = 'http://www.w3.org/2000/svg'
const HEIGHT = 40
/** Makes one record visible next to a thousand. */
const MIN_BAR = 4
const WORDS = {
  delivered: 'delivered',
  'dead-lettered': 'dead-lettered',
  returned: 'returned to the source',
  refused: 'refused',
}

export function showChart({ outcomes, notUp }) {
  for (const [outcome, perSecond] of Object.entries(outcomes)) {
    const strip = stripOf(outcome)
    const max = Math.max(...perSecond)
    const sum = perSecond.reduce((total, count) => total + count, 0)
    // The current second is not complete, so the one before it is shown.
    const now = perSecond.at(-2) ?? 0
    strip.querySelector('.now').textContent = `${number(now)}/s`
    strip.querySelector('.sum').textContent = `${number(sum)} in 5 min, at most ${number(max)}/s`
    const [shade, bars] = strip.querySelectorAll('path')
    shade.setAttribute(
      'd',
      barsOf(notUp, () => HEIGHT),
    )
    bars.setAttribute(
      'd',
      barsOf(perSecond, count => Math.max(MIN_BAR, (count / max) * HEIGHT)),
    )
    const outage = notUp.filter(count => count > 0).length
    const brokers = outage === 0 ? '' : `; for ${outage} s not every broker was up`
    strip
      .querySelector('svg')
      .setAttribute('aria-label', `${WORDS[outcome]}: ${sum} in five minutes, at most ${max} per second${brokers}`)
  }
}

function stripOf(outcome) {
  const id = `strip-${outcome}`
  if ($(id)) return $(id)
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 300 ${HEIGHT}`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('role', 'img')
  for (const name of ['shade', 'bars']) {
    const path = document.createElementNS(SVG, 'path')
    path.setAttribute('class', name)
    svg.append(path)
  }
  const label = element('div', { class: 'strip-label' })
  label.append(
    element('span', { class: 'name' }, WORDS[outcome]),
    element('span', { class: 'now' }),
    element('span', { class: 'sum' }),
  )
  const strip = element('div', { id, class: `strip ${outcome}` }, label, svg)
  $('strips').append(strip)
  return strip
}

function barsOf(perSecond, heightOf) {
  return perSecond
    .map((count, second) => (count === 0 ? '' : `M${second} ${HEIGHT}v${-heightOf(count)}h1V${HEIGHT}z`))
    .join('')
}
