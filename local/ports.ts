import { connect, createServer } from 'node:net'

/** A free port of 127.0.0.1: the wanted one, else the next free one within 50. */
export async function freePort(wanted = 0): Promise<number> {
  for (let port = wanted; port <= wanted + 50; port++) {
    const found = await tryPort(port)
    if (found !== undefined) return found
    if (wanted === 0) break
  }
  throw new Error(
    `No free port from ${wanted} to ${wanted + 50} on 127.0.0.1: end what uses them, or set PORT to another.`,
  )
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}

/** Whether something answers on a port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
