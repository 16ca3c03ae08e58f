import { connect, createServer } from 'node:net'

/** How many ports after the first one are tried. */
export const PORTS = 50

export function noFreePort(first: number): Error {
  return new Error(
    `No free port from ${first} to ${first + PORTS} on 127.0.0.1. Stop the programs that use them, or set PORT.`,
  )
}

/** @returns a free port of 127.0.0.1: `first`, else the next free port; 0 takes any free port */
export async function freePort(first = 0): Promise<number> {
  for (let port = first; port <= first + PORTS; port++) {
    const freePort = await tryPort(port)
    if (freePort !== undefined) return freePort
    if (first === 0) break
  }
  throw noFreePort(first)
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

/** @returns whether a program accepts connections on this port of 127.0.0.1 */
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
