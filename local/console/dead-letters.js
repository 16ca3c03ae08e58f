// The list of dead letters: filter, groups, pages, and the buttons that start a run with the filter.

import { $, counted, duration, element, inert, number, render, request, run, secondsSince } from './dom.js'
import { completeNames, filterFields, optionFields, queryOf, readAddress, requestFields } from './filter-form.js'
import { ageOf, groupOf, rowOf } from './rows.js'
import { confirmed, filterText, isRunning, start } from './run.js'

const MAX_GROUPS = 50
/** `shown`: the query that the answer is for; undefined while none is, because the last one failed. */
const state = { offset: 0, answer: undefined, shown: undefined, isFilterWrong: false, asked: 0, inSources: 0 }

export async function showDeadLetters({ refresh = false } = {}) {
  const fields = filterFields()
  const query = queryOf(fields)
  const filter = String(query)
  history.replaceState(null, '', query.size === 0 ? location.pathname : `#${query}`)
  query.set('offset', String(state.offset))
  if (refresh) query.set('refresh', '1')
  const asked = ++state.asked
  try {
    const answer = await request(`/api/dead-letters?${query}`)
    // Meanwhile another request, with another filter or page, was sent.
    if (asked !== state.asked) return
    state.isFilterWrong = false
    state.shown = filter
    $('filter-problem').textContent = ''
    show(answer, fields)
  } catch (error) {
    if (asked !== state.asked) return
    state.shown = undefined
    if (error.status !== 400) throw error
    state.isFilterWrong = true
    document.body.dataset.list = 'wrong-filter'
    $('filter-problem').textContent = inert(error.message)
    updateActions()
  }
}

function show(answer, fields) {
  state.answer = answer
  document.body.dataset.list = stateOfList(answer)
  $('loading').textContent = answer.isLoading ? `Reading dead letters … ${number(answer.progress)} so far` : ''
  if (answer.isLoading) return
  const { total, matched, offset, deadLetters, groups } = answer
  state.offset = offset
  const isFiltered = Object.keys(fields).length > 0
  $('total').textContent = isFiltered ? `${number(matched)} of ${number(total)}` : number(total)
  $('no-match-text').textContent = inert(['No open dead letter matches the filter.', ...answer.unknownNames].join(' '))
  showTroubles(answer)
  setOptions('topics', answer.topics)
  setOptions('errors', answer.errors)
  render($('groups'), groups, () => groups.slice(0, MAX_GROUPS).map(group => groupOf(group, chooseGroup)))
  for (const cell of $('groups').querySelectorAll('[data-oldest]'))
    cell.textContent = ageOf(cell.dataset.newest, cell.dataset.oldest)
  $('groups-title').textContent =
    groups.length > MAX_GROUPS
      ? `${number(groups.length)} groups, the largest ${MAX_GROUPS}`
      : counted(groups.length, 'group')
  const focused = document.activeElement?.dataset?.location
  if (render($('rows'), deadLetters, () => deadLetters.map(rowOf)) && focused) focusRow(focused)
  for (const cell of $('rows').querySelectorAll('[data-at]'))
    cell.textContent = `${duration(secondsSince(cell.dataset.at))} ago`
  $('range').textContent =
    matched === 0 ? '' : `${number(offset + 1)} to ${number(offset + deadLetters.length)} of ${number(matched)}`
  $('newer').disabled = offset === 0
  $('older').disabled = offset + deadLetters.length >= matched
  updateActions()
}

function stateOfList({ isLoading, total, matched, failures }) {
  if (isLoading) return 'loading'
  if (matched > 0) return 'list'
  if (total > 0) return 'no-match'
  // Without this hint about what can't be read, the empty list would look like "no dead letters".
  return failures.length > 0 ? 'error' : 'empty'
}

function showTroubles({ failures, unreadable, further, total, notes, progress, readAt }) {
  const { entries, places } = unreadable
  const troubles = [
    ...failures.map(({ target, error }) => `${target} can’t be read: ${error}`),
    ...(entries > 0 ? [`${counted(entries, 'entry', 'entries')} can’t be read:`] : []),
    ...places.map(({ location: place, reason }) => `${place}: ${reason}.`),
    ...(further > 0
      ? [`Only ${number(total)} of ${number(total + further)} dead letters are shown. The command has no such limit.`]
      : []),
    ...notes,
  ]
  render($('troubles'), troubles, () => troubles.map(text => element('li', {}, text)))
  $('troubles').hidden = troubles.length === 0
  const again = progress === null ? '' : `; reading again, ${number(progress)} so far`
  $('read-at').textContent = `As of ${new Date(readAt).toLocaleTimeString()}${again}`
}

/** Messages of source DLQs are sent by a redrive, too. Their topic and error are unknown until they are read. */
export function showInSources(count) {
  state.inSources = count
  $('in-queues').hidden = count === 0
  $('in-queues').textContent =
    `Messages in source DLQs and failure destinations: ${number(count)}. A redrive sends them too.`
  updateActions()
}

function updateActions() {
  const { answer, isFilterWrong, inSources } = state
  const isBlocked = isFilterWrong || isRunning() || !answer || answer.isLoading
  const isOff = isBlocked || answer.matched === 0
  for (const id of ['discard', 'unpark']) $(id).disabled = isOff
  for (const id of ['dry', 'redrive']) $(id).disabled = isBlocked || (answer.matched === 0 && inSources === 0)
  $('redrive-one').disabled = isRunning()
  if (!isOff) $('unpark').disabled = answer.groups.every(({ parked }) => parked === 0)
}

function setOptions(id, names) {
  render($(id), names, () => names.map(name => element('option', { value: name })))
}

function chooseGroup({ topic, lastError, outcome, isInvalid }) {
  const form = $('filter')
  form.topic.value = topic ?? 'none'
  form.error.value = lastError
  form.invalid.value = String(isInvalid)
  for (const box of form.outcome) box.checked = box.value === outcome
  return applyFilter()
}

export function focusRow(place) {
  const open = [...$('rows').querySelectorAll('[data-location]')].find(({ dataset }) => dataset.location === place)
  open?.focus()
}

function applyFilter() {
  state.offset = 0
  return showDeadLetters()
}

function turnPage(pages) {
  state.offset = Math.max(0, state.offset + pages * state.answer.page)
  return showDeadLetters()
}

/** The answer for the filter as it is in the form: the last one may be for another. */
async function currentAnswer() {
  await showDeadLetters()
  if (state.shown === String(queryOf(filterFields())) && !state.answer.isLoading) return state.answer
  throw new Error('The list for this filter could not be read. Nothing was changed.')
}

async function redrive() {
  const { matched } = await currentAnswer()
  const fields = { ...requestFields(), ...optionFields() }
  const { inSources } = state
  const isSure = await confirmed(
    `Redrive ${counted(matched, 'dead letter')}${inSources > 0 ? ', and what matches in source DLQs' : ''}?`,
    `${describe(fields)} Each record is sent again as the same bytes. Its acknowledgement deletes the dead letter.`,
    'Redrive',
  )
  if (isSure) await start('redrive', fields)
}

async function discard() {
  const { matched, seenUntil } = await currentAnswer()
  const fields = requestFields()
  const isSure = await confirmed(
    `Discard ${counted(matched, 'dead letter')} for good?`,
    `${describe(fields)} Their records are never sent.`,
    'Discard',
  )
  // Records that failed after the list was read are not discarded, because the user has not seen them.
  if (isSure) await start('discard', { ...fields, until: seenUntil })
}

function describe(fields) {
  return Object.keys(fields).length === 0 ? 'No filter: all of them.' : `Filter and options: ${filterText(fields)}.`
}

export function listenToList() {
  const form = $('filter')
  form.addEventListener('change', () => void run($('refresh'), applyFilter))
  form.addEventListener('submit', event => {
    event.preventDefault()
    void run($('refresh'), applyFilter)
  })
  // The button resets the fields only after this event.
  form.addEventListener('reset', () => setTimeout(() => void run($('refresh'), applyFilter)))
  $('clear').addEventListener('click', () => form.reset())
  completeNames()
  const actions = {
    dry: () => start('dry-run', { ...requestFields(), ...optionFields() }),
    redrive,
    discard,
    unpark: () => start('unpark', requestFields()),
    newer: () => turnPage(-1),
    older: () => turnPage(1),
    refresh: () => showDeadLetters({ refresh: true }),
  }
  for (const [id, work] of Object.entries(actions))
    $(id).addEventListener('click', () => void run($(id), work).then(updateAfter))
  document.addEventListener('runchange', updateActions)
  $('options').addEventListener('submit', event => event.preventDefault())
  window.addEventListener('hashchange', () => {
    readAddress()
    void run($('refresh'), applyFilter)
  })
}

/** Updates the buttons after `run`, which has enabled the button that was clicked. */
function updateAfter() {
  updateActions()
  const { answer } = state
  if (!answer || answer.isLoading) return
  $('newer').disabled = answer.offset === 0
  $('older').disabled = answer.offset + answer.deadLetters.length >= answer.matched
}
