import * as library from 'serverless-kafka-producer'
import { sendOne } from './send.js'

if (typeof library.KafkaTemplate !== 'function') throw new Error('Expected the library to export KafkaTemplate.')
console.log((await sendOne()) === 'paid' ? 'ok' : 'FAIL')
