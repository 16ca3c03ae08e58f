// The page's parts that it asks for again and again: brokers, the chart, counts, functions and the list of topics.
import { showChart } from './chart.js'
import { showInSources } from './dead-letters.js'
import { $, button, element, number, render, request } from './dom.js'
import { showRun } from './run.js'

/** The actions that a broker's buttons offer in each state. */
const ACTIONS = {
  up: { freeze: 'Freeze', stop: 'Stop' },
  starting: { stop: 'Stop' },
  frozen: { thaw: 'Thaw', stop: 'Stop' },
  down: { start: 'Start' },
}

export async function showState() {
  const { brokers, timeline, functions, topics, run } = await request('/api/state')
  $('brokers').hidden = brokers.length === 0
  render($('broker-list'), brokers, () => brokers.map(brokerOf))
  showChart(timeline)
  const entries = Object.entries(functions)
  render($('functions'), functions, () =>
    entries.flatMap(([name, { warm, busy }]) => pair(name, `${warm} warm, ${busy} busy`)),
  )
  showTopics(topics)
  await showRun(run)
}

export async function showCounts() {
  const { topics, queues, inSources } = await request('/api/counts')
  showInSources(inSources)
  const counts = [
    ...Object.entries(topics).map(([topic, records]) => [`topic ${topic}`, records]),
    ...Object.entries(queues).map(([queue, messages]) => [`queue ${queue}`, messages]),
  ]
  render($('counts'), counts, () =>
    counts.flatMap(([name, count]) => pair(name, count === null ? 'no response' : number(count))),
  )
}

function pair(name, text) {
  return [element('div', {}, element('dt', {}, name), element('dd', {}, text))]
}

function brokerOf({ id, state }) {
  const buttons = Object.entries(ACTIONS[state]).map(([action, text]) =>
    button(text, () => changeBrokers({ action, broker: id }), {
      'aria-label': `${text} broker ${id}`,
      'data-action': action,
    }),
  )
  return element(
    'li',
    { class: `broker ${state}`, 'data-broker': String(id) },
    element('span', { class: 'name' }, `Broker ${id}`),
    element('span', { class: 'broker-state' }, state),
    ...buttons,
  )
}

export async function changeBrokers(body) {
  await request('/api/brokers', body)
  await showState()
}

function showTopics(topics) {
  const select = $('send').topic
  const { value } = select
  if (render(select, topics, () => topics.map(topic => element('option', { value: topic }, topic))) && value)
    select.value = value
}
