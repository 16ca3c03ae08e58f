import { sendOne } from './send.ts'

console.log((await sendOne()) === 'paid' ? 'ok' : 'FAIL')
