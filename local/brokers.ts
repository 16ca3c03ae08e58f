// npm run brokers -- stop | start: stops or starts every broker of the running stack, to show what happens to records.
import { explain, RequirementError } from './requirements.ts'
import { stackOfFolder } from './stack-file.ts'

const [action, ...rest] = process.argv.slice(2)
if ((action !== 'stop' && action !== 'start') || rest.length > 0) {
  console.error(
    'Expected npm run brokers -- stop, or npm run brokers -- start, for all brokers; the console stops a single one. ' +
      `Got ${[action, ...rest].join(' ') || 'nothing'}.`,
  )
  process.exit(2)
}
const { consoleUrl, bootstrapServers } = stackOfFolder()
const response = await fetch(`${consoleUrl}/api/brokers`, { method: 'POST', body: JSON.stringify({ action }) }).catch(
  () => explain(new RequirementError('The local stack does not respond. Is it still starting, or ending?')),
)
const answer = (await response.json()) as { error?: string }
if (!response.ok) explain(new RequirementError(answer.error ?? `The console responded with ${response.status}.`))
console.log(`Every broker is ${action === 'stop' ? 'stopped' : 'running'} (${bootstrapServers}).`)
