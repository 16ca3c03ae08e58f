// The page of the console. Data from records is inserted as text, never as markup.
const $ = id => document.getElementById(id)
const POLL_MS = 2000
const state = { from: 0, topic: '', error: '', open: undefined }

/** @param {string} name @param {unknown} text */
function element(name, text) {
  const node = document.createElement(name)
  if (text !== undefined) node.textContent = inert(String(text))
  return node
}

/** Shows characters that change the direction of text or are invisible as their codes. */
function inert(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, char =>
    char === '\n' || char === '\t' ? char : `\\u${char.codePointAt(0).toString(16).padStart(4, '0')}`,
  )
}

async function request(path, body) {
  const options =
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-console': '1' },
          body: JSON.stringify(body),
        }
  let response
  try {
    response = await fetch(path, options)
  } catch {
    throw new Error('The local stack does not respond. Check that npm start is still running.')
  }
  const result = await response.json()
  if (!response.ok) throw new Error(result.error)
  return result
}

/** Disables the button while `work` runs and shows its error. */
async function run(button, work) {
  button.disabled = true
  try {
    await work()
    showProblem()
  } catch (error) {
    showProblem(error.message)
  } finally {
    button.disabled = false
  }
}

function showProblem(problem) {
  $('problem').hidden = problem === undefined
  $('problem').textContent = problem ?? ''
}

function age(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000))
  if (seconds < 120) return `${seconds} s ago`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`
}

function setOptions(select, values, all) {
  const selection = select.value
  const entries = all === undefined ? values : ['', ...values]
  if (entries.join('\n') === [...select.options].map(({ value }) => value).join('\n')) return
  select.replaceChildren(
    ...entries.map(value => {
      const option = element('option', value === '' ? all : value)
      option.value = value
      return option
    }),
  )
  select.value = entries.includes(selection) ? selection : (entries[0] ?? '')
}

async function showCounters() {
  const { topics, queues, deadLetters, functions, canStop } = await request('/api/counters')
  $('brokers').hidden = !canStop
  const counts = [
    ...Object.entries(topics).map(([topic, records]) => [`topic ${topic}`, records ?? 'no response']),
    ['open dead letters', deadLetters],
    ...Object.entries(queues).map(([queue, messages]) => [`queue ${queue}`, messages]),
    ...Object.entries(functions).map(([name, { warm, busy }]) => [`function ${name}`, `${warm} warm, ${busy} busy`]),
  ]
  $('counters').replaceChildren(
    ...counts.map(([name, count]) => {
      const group = document.createElement('div')
      group.append(element('dt', name), element('dd', count))
      return group
    }),
  )
  setOptions($('send').topic, Object.keys(topics))
}

async function showDeadLetters() {
  const query = new URLSearchParams({ from: String(state.from), topic: state.topic, error: state.error })
  const { total, inQueues, from, page, groups, deadLetters } = await request(`/api/dead-letters?${query}`)
  if (deadLetters.length === 0 && from > 0) {
    state.from = Math.max(0, from - page)
    return showDeadLetters()
  }
  const filter = $('filter')
  setOptions(filter.topic, [...new Set(groups.map(({ topic }) => topic ?? '').filter(Boolean))].sort(), 'all')
  setOptions(filter.error, [...new Set(groups.map(({ error }) => error))].sort(), 'all')
  $('total').textContent = `(${total})`
  $('empty').hidden = total > 0
  $('in-queues').hidden = inQueues === 0
  $('in-queues').textContent =
    `Messages in source DLQs and failure destinations: ${inQueues}. A redrive sends them too.`
  $('range').textContent = total === 0 ? '' : `${from + 1} to ${from + deadLetters.length} of ${total}`
  $('newer').disabled = from === 0
  $('older').disabled = from + deadLetters.length >= total
  // Messages of source DLQs are redriven too; they have no topic and no error before they are read.
  $('redrive').disabled = $('dry').disabled = total === 0 && inQueues === 0
  const focused = document.activeElement?.dataset?.deadLetter
  $('dead-letters').replaceChildren(...deadLetters.map(row))
  if (focused) $('dead-letters').querySelector(`[data-dead-letter="${focused}"]`)?.focus()
}

function row(deadLetter) {
  const line = document.createElement('tr')
  const open = element('button', deadLetter.recordId)
  open.type = 'button'
  open.dataset.deadLetter = deadLetter.deadLetterId
  open.addEventListener('click', () => run(open, () => showDeadLetter(deadLetter.deadLetterId, false)))
  const record = document.createElement('td')
  record.append(open)
  const failed = element('td', age(deadLetter.lastAt))
  failed.title = deadLetter.lastAt
  line.append(
    failed,
    element('td', deadLetter.topic ?? '(none)'),
    element('td', deadLetter.error),
    element('td', deadLetter.outcome),
    record,
    element('td', deadLetter.redrives),
  )
  return line
}

function textOf(base64) {
  if (base64 === null) return '(null)'
  const raw = Uint8Array.from(atob(base64), char => char.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch {
    return `base64: ${base64}`
  }
}

async function showDeadLetter(deadLetterId, payload) {
  const deadLetter = await request(`/api/dead-letters/${deadLetterId}${payload ? '?payload=1' : ''}`)
  const { failure, source, redrive } = deadLetter
  state.open = deadLetterId
  const details = [
    ['Dead letter', deadLetter.deadLetterId],
    ['Location', deadLetter.location],
    ['Record', deadLetter.recordId],
    ['Topic', deadLetter.topic ?? '(none)'],
    [
      'Reason',
      `${failure.code}${failure.causeCode ? ` (${failure.causeCode})` : ''}: ${failure.kind}, ${failure.outcome}`,
    ],
    ['Attempts', `${failure.attempts}, ${failure.firstAt} to ${failure.lastAt}`],
    ['Source', `${source.trigger} ${source.id}`],
    [
      'Redriven',
      redrive.count === 0 ? 'never' : `${redrive.count} times, last ${redrive.lastAt} (${redrive.lastCode})`,
    ],
    ...deadLetter.headers.map(header => [`Header ${header.name}`, payload ? textOf(header.value) : '(hidden)']),
    ...(payload
      ? [
          ['Key', textOf(deadLetter.key)],
          ['Value', textOf(deadLetter.value)],
        ]
      : [['Value', deadLetter.valueBytes === null ? '(null, or in a claim)' : `${deadLetter.valueBytes} bytes`]]),
  ]
  $('details').replaceChildren(...details.flatMap(([name, text]) => [element('dt', name), element('dd', text)]))
  $('payload').hidden = payload
  if (!$('dead-letter').open) $('dead-letter').showModal()
}

async function redrive(filter) {
  const { results, warnings } = await request('/api/redrive', filter)
  const sum = name => results.reduce((total, result) => total + result[name], 0)
  const failed = results.flatMap(result => Object.entries(result.failed)).map(([code, count]) => `${count} ${code}`)
  const stopped = results.find(result => result.stopped)?.stopped
  const messages = filter.dryRun
    ? [`Dry run: ${sum('tried')} would be sent, ${sum('invalid')} invalid, ${sum('parked')} parked.`]
    : [`${sum('resent')} sent, ${sum('found')} already in Kafka, ${sum('invalid')} invalid, ${sum('parked')} parked.`]
  if (failed.length > 0) messages.push(`Still open: ${failed.join(', ')}.`)
  if (stopped) messages.push(`Stopped: ${stopped}. The remaining dead letters stay in their target.`)
  $('done').textContent = [...messages, ...warnings].join(' ')
  await Promise.all([showDeadLetters(), showCounters()])
}

const selectedFilter = () => ({
  ...(state.topic ? { topic: state.topic } : {}),
  ...(state.error ? { error: state.error } : {}),
})

$('filter').addEventListener('change', event => {
  state[event.target.name] = event.target.value
  state.from = 0
  void run(event.target, showDeadLetters).then(() => event.target.focus())
})
$('filter').addEventListener('submit', event => event.preventDefault())
$('dry').addEventListener('click', () => run($('dry'), () => redrive({ ...selectedFilter(), dryRun: true })))
$('redrive').addEventListener('click', () => run($('redrive'), () => redrive(selectedFilter())))
for (const action of ['stop', 'start'])
  $(action).addEventListener('click', () =>
    run($(action), async () => void (await request('/api/brokers', { action }))),
  )
$('newer').addEventListener('click', () => page(-100))
$('older').addEventListener('click', () => page(100))
$('close').addEventListener('click', () => $('dead-letter').close())
$('payload').addEventListener('click', () => run($('payload'), () => showDeadLetter(state.open, true)))
$('redrive-one').addEventListener('click', () =>
  run($('redrive-one'), async () => {
    await redrive({ deadLetterId: state.open })
    $('dead-letter').close()
  }),
)
$('dead-letter').addEventListener('close', () =>
  $('dead-letters').querySelector(`[data-dead-letter="${state.open}"]`)?.focus(),
)
$('send').addEventListener('submit', event => {
  event.preventDefault()
  const form = $('send')
  void run(form.querySelector('button'), async () => {
    const { status, body } = await request('/api/send', { topic: form.topic.value, body: form.body.value })
    $('answer').textContent = `${status}\n${JSON.stringify(body, null, 1)}`
    await Promise.all([showDeadLetters(), showCounters()])
  })
})

function page(by) {
  state.from = Math.max(0, state.from + by)
  void showDeadLetters().then(
    () => showProblem(),
    error => showProblem(error.message),
  )
}

async function poll() {
  try {
    await Promise.all([showCounters(), showDeadLetters()])
    showProblem()
  } catch (error) {
    showProblem(error.message)
  }
  setTimeout(poll, POLL_MS)
}

void poll()
