// npm run put-event -- file.json: puts EventBridge events on the local bus. The file has one event or a list of events.
import { readFileSync } from 'node:fs'
import { isJsonObject, type JsonObject } from '../lib/record/json-object.ts'
import { stackOfFolder } from './stack-file.ts'

const MAX_ENTRIES = 10

function fail(text: string): never {
  console.error(text)
  process.exit(1)
}

function readJson(path: string, problem: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return fail(problem)
  }
}

function toEntry(event: unknown, index: number): JsonObject {
  if (
    !isJsonObject(event) ||
    typeof event.source !== 'string' ||
    typeof event['detail-type'] !== 'string' ||
    !isJsonObject(event.detail)
  )
    return fail(`Event ${index}: expected source, detail-type and detail (an object).`)
  return {
    Source: event.source,
    DetailType: event['detail-type'],
    Detail: JSON.stringify(event.detail),
    Time: event.time,
    Resources: event.resources,
  }
}

const [file, ...rest] = process.argv.slice(2)
if (!file || rest.length > 0) fail('Expected one file: npm run put-event -- file.json')
const { busUrl } = stackOfFolder()
const parsed = readJson(file, `${file}: expected a JSON file.`)
const entries = (Array.isArray(parsed) ? parsed : [parsed]).map(toEntry)
for (let at = 0; at < entries.length; at += MAX_ENTRIES) {
  const Entries = entries.slice(at, at + MAX_ENTRIES)
  const response = await fetch(busUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
    body: JSON.stringify({ Entries }),
  }).catch(() => fail('The local stack does not respond. Start it with npm start.'))
  const answer = (await response.json()) as {
    Entries?: { EventId?: string; ErrorMessage?: string }[]
    message?: string
  }
  if (!response.ok) fail(answer.message ?? `The event bus responded with status ${response.status}.`)
  for (const { EventId, ErrorMessage } of answer.Entries ?? []) console.log(EventId ?? `Refused: ${ErrorMessage}`)
}
