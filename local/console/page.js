// The page of the console. Whatever comes from records goes into the page as text, never as markup.
const $ = id => document.getElementById(id)
const POLL_MS = 2000
const state = { from: 0, topic: '', error: '', open: undefined }

/** @param {string} name @param {unknown} text */
function element(name, text) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = inert(String(text))
  return made
}

/** Characters that turn the direction of text or can't be seen are shown by their code. */
function inert(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, char =>
    char === '\n' || char === '\t' ? char : `\\u${char.codePointAt(0).toString(16).padStart(4, '0')}`,
  )
}

async function ask(path, body) {
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
    throw new Error('The local stack does not answer. Is npm start still running?')
  }
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

/** Runs what a button asks for; its failure is told, and the button works again. */
async function act(button, work) {
  button.disabled = true
  try {
    await work()
    tell()
  } catch (error) {
    tell(error.message)
  } finally {
    button.disabled = false
  }
}

function tell(problem) {
  $('problem').hidden = problem === undefined
  $('problem').textContent = problem ?? ''
}

function age(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000))
  if (seconds < 120) return `${seconds} s ago`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`
}

function options(select, values, all) {
  const chosen = select.value
  const wanted = all === undefined ? values : ['', ...values]
  if (wanted.join('\n') === [...select.options].map(({ value }) => value).join('\n')) return
  select.replaceChildren(
    ...wanted.map(value => {
      const option = element('option', value === '' ? all : value)
      option.value = value
      return option
    }),
  )
  select.value = wanted.includes(chosen) ? chosen : (wanted[0] ?? '')
}

async function showCounters() {
  const { topics, queues, deadLetters, functions, canStop } = await ask('/api/counters')
  $('brokers').hidden = !canStop
  const counts = [
    ...Object.entries(topics).map(([topic, records]) => [`topic ${topic}`, records ?? 'no answer']),
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
  options($('send').topic, Object.keys(topics))
}

async function showDeadLetters() {
  const query = new URLSearchParams({ from: String(state.from), topic: state.topic, error: state.error })
  const { total, from, page, groups, deadLetters } = await ask(`/api/dead-letters?${query}`)
  if (deadLetters.length === 0 && from > 0) {
    state.from = Math.max(0, from - page)
    return showDeadLetters()
  }
  const filter = $('filter')
  options(filter.topic, [...new Set(groups.map(({ topic }) => topic ?? '').filter(Boolean))].sort(), 'all')
  options(filter.error, [...new Set(groups.map(({ error }) => error))].sort(), 'all')
  $('total').textContent = `(${total})`
  $('empty').hidden = total > 0
  $('range').textContent = total === 0 ? '' : `${from + 1} to ${from + deadLetters.length} of ${total}`
  $('newer').disabled = from === 0
  $('older').disabled = from + deadLetters.length >= total
  $('redrive').disabled = $('dry').disabled = total === 0
  const focused = document.activeElement?.dataset?.deadLetter
  $('dead-letters').replaceChildren(...deadLetters.map(row))
  if (focused) $('dead-letters').querySelector(`[data-dead-letter="${focused}"]`)?.focus()
}

function row(deadLetter) {
  const line = document.createElement('tr')
  const open = element('button', deadLetter.recordId)
  open.type = 'button'
  open.dataset.deadLetter = deadLetter.deadLetterId
  open.addEventListener('click', () => act(open, () => showDeadLetter(deadLetter.deadLetterId, false)))
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
    element('td', deadLetter.tries),
  )
  return line
}

function bytes(base64) {
  if (base64 === null) return '(null)'
  const raw = Uint8Array.from(atob(base64), char => char.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch {
    return `base64: ${base64}`
  }
}

async function showDeadLetter(deadLetterId, payload) {
  const deadLetter = await ask(`/api/dead-letters/${deadLetterId}${payload ? '?payload=1' : ''}`)
  const { failure, source, redrive } = deadLetter
  state.open = deadLetterId
  const details = [
    ['Letter', deadLetter.deadLetterId],
    ['Lies in', deadLetter.location],
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
    ...deadLetter.headers.map(header => [`Header ${header.name}`, payload ? bytes(header.value) : '(payload)']),
    ...(payload
      ? [
          ['Key', bytes(deadLetter.key)],
          ['Value', bytes(deadLetter.value)],
        ]
      : [['Value', deadLetter.valueBytes === null ? '(null or a claim)' : `${deadLetter.valueBytes} bytes`]]),
  ]
  $('details').replaceChildren(...details.flatMap(([name, text]) => [element('dt', name), element('dd', text)]))
  $('payload').hidden = payload
  if (!$('dead-letter').open) $('dead-letter').showModal()
}

async function redrive(asked) {
  const { results, warnings } = await ask('/api/redrive', asked)
  const sum = name => results.reduce((total, result) => total + result[name], 0)
  const failed = results.flatMap(result => Object.entries(result.failed)).map(([code, count]) => `${count} ${code}`)
  const stopped = results.find(result => result.stopped)?.stopped
  const words = asked.dryRun
    ? [`Dry run: ${sum('tried')} would be sent, ${sum('invalid')} invalid, ${sum('parked')} parked.`]
    : [
        `${sum('resent')} sent, ${sum('found')} were in Kafka already, ${sum('invalid')} invalid, ${sum('parked')} parked.`,
      ]
  if (failed.length > 0) words.push(`Still open: ${failed.join(', ')}.`)
  if (stopped) words.push(`Stopped: ${stopped}. The other dead letters are where they were.`)
  $('done').textContent = [...words, ...warnings].join(' ')
  await Promise.all([showDeadLetters(), showCounters()])
}

const chosen = () => ({
  ...(state.topic ? { topic: state.topic } : {}),
  ...(state.error ? { error: state.error } : {}),
})

$('filter').addEventListener('change', event => {
  state[event.target.name] = event.target.value
  state.from = 0
  void act(event.target, showDeadLetters).then(() => event.target.focus())
})
$('filter').addEventListener('submit', event => event.preventDefault())
$('dry').addEventListener('click', () => act($('dry'), () => redrive({ ...chosen(), dryRun: true })))
$('redrive').addEventListener('click', () => act($('redrive'), () => redrive(chosen())))
for (const action of ['stop', 'start'])
  $(action).addEventListener('click', () => act($(action), async () => void (await ask('/api/brokers', { action }))))
$('newer').addEventListener('click', () => page(-100))
$('older').addEventListener('click', () => page(100))
$('close').addEventListener('click', () => $('dead-letter').close())
$('payload').addEventListener('click', () => act($('payload'), () => showDeadLetter(state.open, true)))
$('redrive-one').addEventListener('click', () =>
  act($('redrive-one'), async () => {
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
  void act(form.querySelector('button'), async () => {
    const { status, answer } = await ask('/api/send', { topic: form.topic.value, body: form.body.value })
    $('answer').textContent = `${status}\n${JSON.stringify(answer, null, 1)}`
    await Promise.all([showDeadLetters(), showCounters()])
  })
})

function page(by) {
  state.from = Math.max(0, state.from + by)
  void showDeadLetters().then(
    () => tell(),
    error => tell(error.message),
  )
}

async function poll() {
  try {
    await Promise.all([showCounters(), showDeadLetters()])
    tell()
  } catch (error) {
    tell(error.message)
  }
  setTimeout(poll, POLL_MS)
}

void poll()
