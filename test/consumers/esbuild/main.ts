import { sendOne } from './send'

void sendOne().then(value => console.log(value === 'paid' ? 'ok' : value))
