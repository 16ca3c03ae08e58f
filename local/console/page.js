// The page of the console: connects its parts.
import { focusRow, listenToList, showDeadLetters } from './dead-letters.js'
import { listenToDetail } from './detail.js'
import { $, inert, poll, request, run, showProblem } from './dom.js'
import { readAddress } from './filter-form.js'
import { cancel, onRunEnd } from './run.js'
import { changeBrokers, showCounts, showState } from './state.js'

for (const action of ['stop', 'start'])
  $(action).addEventListener('click', () => run($(action), () => changeBrokers({ action })))
$('cancel').addEventListener('click', () => run($('cancel'), cancel))
$('dismiss').addEventListener('click', () => showProblem())
$('send').addEventListener('submit', event => {
  event.preventDefault()
  const form = $('send')
  void run(form.querySelector('button'), async () => {
    $('answer').textContent = 'Sending …'
    try {
      const { status, body } = await request('/api/send', { topic: form.topic.value, body: form.body.value })
      $('answer').textContent = inert(`${status}\n${JSON.stringify(body, null, 1)}`)
    } catch (error) {
      $('answer').textContent = ''
      throw error
    }
    await Promise.all([showDeadLetters(), showCounts()])
  })
})
readAddress()
listenToList()
listenToDetail(focusRow)
onRunEnd(async () => void (await Promise.all([showDeadLetters(), showCounts()])))
void poll(showState, 1000)
void poll(showDeadLetters, 2000)
void poll(showCounts, 2000)
