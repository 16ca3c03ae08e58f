// The dialog with one dead letter.
import { $, element, request, run } from './dom.js'
import { start } from './run.js'

let opened
let asked = 0

export async function showDetail(id, location, payload = false) {
  const query = new URLSearchParams({ id, location, ...(payload ? { payload: '1' } : {}) })
  const dialog = $('dead-letter')
  const [mine, wasOpen] = [++asked, dialog.open]
  const deadLetter = await request(`/api/dead-letter?${query}`)
  // Meanwhile the dialog was closed, or another dead letter chosen.
  if (mine !== asked || (wasOpen && !dialog.open)) return
  opened = { id, location }
  $('details').replaceChildren(
    ...detailsOf(deadLetter, payload).flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]),
  )
  $('payload').hidden = payload
  $('dead-letter-problem').textContent = ''
  if (!dialog.open) dialog.showModal()
}

function detailsOf(deadLetter, payload) {
  const { failure, source, redrive, record, claimCheck, verified, editedFrom, inDoubt, valueBytes } = deadLetter
  const cause = failure.causeCode ? ` (${failure.causeCode})` : ''
  const hidden = bytes => (bytes === null ? '(null)' : payload ? textOf(bytes) : '(hidden)')
  const size = valueBytes === null ? '(null)' : `${valueBytes} bytes${claimCheck ? ` in ${claimCheck.target}` : ''}`
  return [
    ['Dead letter', `${deadLetter.deadLetterId}${verified ? '' : ' (not verified: its value is in a claim check)'}`],
    ...(editedFrom ? [['Edited from', editedFrom]] : []),
    ['Location', deadLetter.location],
    ['Record', deadLetter.recordId],
    ['Topic', record.topic ?? '(none)'],
    ['Reason', `${failure.code}${cause}: ${failure.kind}, ${failure.outcome}`],
    ...(inDoubt
      ? [['In doubt', `perhaps in ${inDoubt.topic ?? record.topic}-${inDoubt.partition}, sent ${inDoubt.to}`]]
      : []),
    ['Attempts', `${failure.attempts}, ${failure.firstAt} to ${failure.lastAt}`],
    ['Source', `${source.trigger} ${source.id}`],
    ['Redriven', redriven(redrive, deadLetter.isParked)],
    ...record.headers.map(header => [`Header ${header.name}`, payload ? hidden(header.value) : '(hidden)']),
    ...(payload ? [['Key', hidden(record.key)]] : []),
    ['Value', payload ? hidden(record.value) : size],
  ]
}

function redriven({ count, lastAt, lastCode }, isParked) {
  if (lastAt === null) return 'never'
  return `${count} times${isParked ? ' (parked)' : ''}, last ${lastAt} (${lastCode})`
}

function textOf(base64) {
  const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return `base64: ${base64}`
  }
}

/** Shows errors in the dialog, because it covers the page. */
function act(control, work) {
  return run(control, async () => {
    try {
      await work()
    } catch (error) {
      $('dead-letter-problem').textContent = error.message
    }
  })
}

/** @param onClose called with the location of the dead letter, whose row gets the focus back */
export function listenToDetail(onClose) {
  $('close').addEventListener('click', () => $('dead-letter').close())
  $('payload').addEventListener('click', () => act($('payload'), () => showDetail(opened.id, opened.location, true)))
  $('redrive-one').addEventListener('click', () =>
    act($('redrive-one'), async () => {
      const shown = opened
      await start('redrive', { deadLetterId: [shown.id] })
      if (opened === shown) $('dead-letter').close()
    }),
  )
  $('dead-letter').addEventListener('close', () => onClose(opened.location))
}
