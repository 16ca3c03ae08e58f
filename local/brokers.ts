// npm run brokers -- stop | start: every broker of the running stack, to see what becomes of records without them.
import { readFileSync } from 'node:fs'
import { STACK_FILE } from './stack-file.ts'

const [action] = process.argv.slice(2)
if (action !== 'stop' && action !== 'start') {
  console.error('Expected npm run brokers -- stop, or start.')
  process.exit(2)
}
try {
  const { consoleUrl } = JSON.parse(readFileSync(STACK_FILE, 'utf8')) as { consoleUrl: string }
  const response = await fetch(`${consoleUrl}/api/brokers`, {
    method: 'POST',
    headers: { 'x-console': '1' },
    body: JSON.stringify({ action }),
  })
  const answer = (await response.json()) as { error?: string }
  if (!response.ok) throw new Error(answer.error)
  console.log(action === 'stop' ? 'Every broker is stopped.' : 'The brokers are back.')
} catch (error) {
  const isNotRunning = (error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof TypeError
  console.error(isNotRunning ? 'No local stack runs in this folder: npm start.' : (error as Error).message)
  process.exit(1)
}
