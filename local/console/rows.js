// The rows of the two tables.
import { showDetail } from './detail.js'
import { button, counted, duration, element, number, secondsSince } from './dom.js'

export function ageOf(newest, oldest) {
  const [from, to] = [newest, oldest].map(at => duration(secondsSince(at)))
  return from === to ? from : `${from} to ${to}`
}

/** @param choose called to show only this group */
export function groupOf(group, choose) {
  const { topic, error, lastError, outcome, isInvalid, deadLetters, parked, oldest, newest } = group
  const show = button('Show', () => choose(group), { 'aria-label': `Show these ${deadLetters}` })
  // A filter separates names by commas, so a name that contains one can't be chosen.
  show.disabled = [topic ?? '', error, lastError].some(name => name.includes(','))
  return element(
    'tr',
    {},
    element('td', {}, topic ?? '(none)'),
    element('td', {}, lastError === error ? error : `${error}, last ${lastError}`),
    element('td', {}, outcome),
    element('td', {}, isInvalid ? 'invalid' : 'not delivered'),
    element('td', { class: 'number' }, number(deadLetters)),
    element('td', { class: 'number' }, number(parked)),
    element('td', { 'data-oldest': oldest, 'data-newest': newest }),
    element('td', {}, show),
  )
}

export function rowOf(deadLetter) {
  const { deadLetterId, location: place, recordId, topic, error, lastError, outcome, lastAt } = deadLetter
  const open = button(recordId, () => showDetail(deadLetterId, place), { 'data-location': place })
  const notes = [
    ...(deadLetter.isInvalid ? ['invalid'] : []),
    ...(deadLetter.redrives > 0 ? [counted(deadLetter.redrives, 'try', 'tries')] : []),
    ...(deadLetter.isParked ? ['parked'] : []),
    ...(deadLetter.verified ? [] : ['not verified']),
  ]
  return element(
    'tr',
    {},
    element('td', { title: lastAt, 'data-at': lastAt }),
    element('td', {}, topic ?? '(none)'),
    element('td', {}, lastError === error ? error : `${error}, last ${lastError}`),
    element('td', {}, outcome),
    element('td', {}, open),
    element('td', {}, notes.join(', ')),
  )
}
