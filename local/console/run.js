// Redrive, dry run, discard and unpark: confirmation, progress, cancel, and the result.
import { $, counted, duration, inert, number, request } from './dom.js'

const NAMES = { redrive: 'Redrive', 'dry-run': 'Dry run', discard: 'Discard', unpark: 'Unpark' }
/** Advice about dead letters that stay, by code. */
const ADVICE = {
  'too-old': 'option “new timestamp”',
  superseded: 'option “overwrite”',
  'retention-unknown': 'option “assume retained”',
  'unknown-topic': 'a contract, or option “any topic”',
  'topic-not-on-cluster': 'create it, or option “To topic”',
  'other-cluster': 'option “another cluster”',
  'message-not-whole': 'a target in KAFKA_DEAD_LETTER that can store the rest of the message',
  'completion-unknown': 'repair the target',
  'log-deleted': 'the command, with --error log-deleted --no-verify',
  'look-up-incomplete': 'the command, with --error look-up-incomplete --no-verify',
  'claim-missing': 'the target that keeps their values',
  authorization: 'permission to WRITE to the topic',
  'still-in-doubt': 'again in some minutes',
  invalid: 'option “invalid records”',
  parked: 'Unpark',
}
let shown = { id: 0, isRunning: false }
let onEnd = async () => {}

/** @param listener called when a run has ended, whichever window started it */
export function onRunEnd(listener) {
  onEnd = listener
}

export async function start(action, fields) {
  await showRun(await request('/api/run', { action, ...fields }))
}

export async function cancel() {
  await request('/api/cancel', { id: shown.id })
}

/** @param {object | null} run the run in progress, or the last one */
export async function showRun(run) {
  const isRunning = run !== null && run.endedAt === null
  const hasEnded = run !== null && !isRunning && (shown.id !== run.id || shown.isRunning)
  shown = { id: run?.id ?? 0, isRunning }
  for (const control of document.querySelectorAll('[data-starts-run]'))
    control.toggleAttribute('data-running', isRunning)
  document.dispatchEvent(new Event('runchange'))
  $('run').hidden = !isRunning
  if (isRunning) showProgress(run)
  if (!hasEnded) return
  // A live region, which screen readers announce once, when the run has ended.
  $('done').textContent = inert(resultOf(run))
  $('done').hidden = false
  await onEnd()
}

export const isRunning = () => shown.isRunning

function showProgress(run) {
  const { action, total, done, perSecond, secondsLeft, isCancelled } = run
  const bar = $('run-bar')
  if (total === null || done > total) bar.removeAttribute('value')
  else {
    bar.max = Math.max(1, total)
    bar.value = done
  }
  const of = total === null ? number(done) : `${number(done)} of ${number(total)}`
  const timeLeft = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`
  const ending = isCancelled ? ' Cancelled: records in flight end first.' : ''
  const filter = filterText(run.fields)
  $('run-title').textContent = inert(`${NAMES[action]}${filter === '' ? '' : ` (${filter})`}`)
  $('run-text').textContent = inert(`${of}, ${number(Math.round(perSecond))}/s${timeLeft}: ${countsOf(run)}.${ending}`)
  $('cancel').disabled = isCancelled
}

function countsOf({ action, sent, found, wouldSend, changed, kept }) {
  const stay = Object.entries(kept)
  const parts = {
    redrive: [`${number(sent)} sent`, `${number(found)} already in Kafka`],
    'dry-run': [`${number(wouldSend)} would be sent`, `${number(found)} already in Kafka`],
    discard: [`${number(changed)} discarded`],
    unpark: [`${number(changed)} unparked`],
  }[action]
  const reasons = stay.map(([code, count]) => {
    const advice = Object.hasOwn(ADVICE, code) ? ` (${ADVICE[code]})` : ''
    return `${number(count)} ${code}${advice}`
  })
  return [...parts, ...(stay.length === 0 ? [] : [`still open: ${reasons.join(', ')}`])].join(', ')
}

function resultOf(run) {
  const { action, startedAt, endedAt, isCancelled, stopped, warnings, notCompleted, notNoted, moved } = run
  const took = duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  const how = isCancelled ? 'cancelled' : 'done'
  return [
    `${NAMES[action]} ${how} at ${new Date(endedAt).toLocaleTimeString()} after ${took}: ${countsOf(run)}.`,
    ...stopped.map(reason => `Stopped: ${reason.replace(/\.$/, '')}. The remaining dead letters stay in their target.`),
    ...(notCompleted > 0
      ? [
          `${counted(notCompleted, 'record')} in Kafka whose dead letters could not be completed: ` +
            'the next run sends them again.',
        ]
      : []),
    ...(notNoted > 0 ? [`The result of this attempt could not be stored on ${counted(notNoted, 'dead letter')}.`] : []),
    ...(moved > 0 ? [`${counted(moved, 'dead letter')} could not stay in place: now in KAFKA_DEAD_LETTER.`] : []),
    ...warnings,
  ].join(' ')
}

/** @returns e.g. `topic=chat, notError=quota` */
export function filterText(fields) {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(' or ') : value}`)
    .join(', ')
}

/**
 * Asks before records are sent or dead letters discarded.
 * @returns whether the user agreed
 */
export function confirmed(question, detail, verb) {
  const dialog = $('confirm')
  $('confirm-title').textContent = inert(question)
  $('confirm-detail').textContent = inert(detail)
  $('confirm-yes').textContent = verb
  dialog.showModal()
  $('confirm-no').focus()
  return new Promise(resolve => {
    let answer = false
    $('confirm-yes').onclick = () => {
      answer = true
      dialog.close()
    }
    $('confirm-no').onclick = () => dialog.close()
    dialog.onclose = () => resolve(answer)
  })
}
