// npm run brokers -- stop | start: stops or starts every broker of the running stack, to show what happens to records.
import { readFileSync } from 'node:fs'
import { STACK_FILE } from './stack-file.ts'

const [action, ...rest] = process.argv.slice(2)
if ((action !== 'stop' && action !== 'start') || rest.length > 0) {
  console.error(
    'Expected npm run brokers -- stop, or npm run brokers -- start, for all brokers; the console stops a single one. ' +
      `Got ${[action, ...rest].join(' ') || 'nothing'}.`,
  )
  process.exit(2)
}
try {
  const { consoleUrl } = JSON.parse(readFileSync(STACK_FILE, 'utf8')) as { consoleUrl: string }
  const response = await fetch(`${consoleUrl}/api/brokers`, {
    method: 'POST',
    body: JSON.stringify({ action }),
  })
  const answer = (await response.json()) as { error?: string }
  if (!response.ok) throw new Error(answer.error)
  console.log(action === 'stop' ? 'Every broker is stopped.' : 'Every broker is running.')
} catch (error) {
  const isNotRunning = (error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof TypeError
  console.error(
    isNotRunning ? 'No local stack is running in this folder. Start it with npm start.' : (error as Error).message,
  )
  process.exit(1)
}
