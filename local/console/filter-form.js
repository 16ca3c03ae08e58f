// The filter form, and the form with the options of a redrive.
import { $ } from './dom.js'

const LISTS = ['topic', 'notTopic', 'error', 'notError', 'deadLetterId']
const CHOICES = ['invalid', 'parked', 'since', 'until']

/** Returns the fields of the form as those of a request: lists of texts, and texts. */
export function filterFields() {
  const form = $('filter')
  const lists = LISTS.map(name => [
    name,
    form[name].value
      .split(',')
      .map(text => text.trim())
      .filter(Boolean),
  ])
  const outcomes = [...form.outcome].filter(({ checked }) => checked).map(({ value }) => value)
  const texts = CHOICES.map(name => [name, form[name].value.trim()])
  return Object.fromEntries([...lists, ['outcome', outcomes], ...texts].filter(([, value]) => value.length > 0))
}

/** Returns the same with true and false as booleans, as a run needs them. */
export function requestFields() {
  const isFlag = value => value === 'true' || value === 'false'
  return Object.fromEntries(
    Object.entries(filterFields()).map(([name, value]) => [name, isFlag(value) ? value === 'true' : value]),
  )
}

export function queryOf(fields) {
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) => [value].flat().map(each => [name, each])),
  )
}

/** Fills the form from the page's address, so that a reloaded page keeps its filter. */
export function readAddress() {
  const query = new URLSearchParams(location.hash.slice(1))
  const form = $('filter')
  for (const name of LISTS) form[name].value = query.getAll(name).join(', ')
  for (const name of CHOICES) form[name].value = query.get(name) ?? ''
  for (const box of form.outcome) box.checked = query.getAll('outcome').includes(box.value)
}

/** Returns the options of a redrive that are set. */
export function optionFields() {
  const form = $('options')
  const flags = ['includeInvalid', 'anyTopic', 'overwrite', 'assumeRetained', 'otherCluster']
  return {
    ...Object.fromEntries(flags.filter(name => form[name].checked).map(name => [name, true])),
    ...(form.now.checked ? { timestamp: 'now' } : {}),
    ...Object.fromEntries(
      ['to', 'rate'].map(name => [name, form[name].value.trim()]).filter(([, text]) => text !== ''),
    ),
  }
}

/** Suggests names for the last of several names. */
export function completeNames() {
  for (const name of ['topic', 'notTopic', 'error', 'notError']) completeInput($('filter')[name])
}

function completeInput(input) {
  const options = $(input.getAttribute('list'))
  const suggest = () => {
    const before = input.value.slice(0, input.value.lastIndexOf(',') + 1)
    for (const option of options.options) {
      option.dataset.name ??= option.value
      option.value = before + option.dataset.name
    }
  }
  input.addEventListener('input', suggest)
  input.addEventListener('focus', suggest)
}
