// Loaded before a bundle (NODE_OPTIONS=--import): on SIGUSR2 it collects garbage and prints what lives in this process.
import { Socket } from 'node:net'
import { queryObjects } from 'node:v8'

const Timeout = setTimeout(() => {}, 0).constructor

process.on('SIGUSR2', () => {
  // Each counts after a full collection.
  const sockets = queryObjects(Socket, { format: 'count' })
  const timers = queryObjects(Timeout, { format: 'count' })
  const promises = queryObjects(Promise, { format: 'count' })
  const emitters = [process, ...process._getActiveHandles()].filter(handle => typeof handle.eventNames === 'function')
  const listeners = emitters.reduce(
    (sum, emitter) => sum + emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name), 0),
    0,
  )
  const { rss, heapUsed, external } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo().length
  console.error(`PROBE ${JSON.stringify({ rss, heapUsed, external, sockets, timers, promises, listeners, resources })}`)
})
