import { type AddressInfo, connect, createServer, type Server } from 'node:net'

/** How many ports after the first one are tried. */
const PORTS = 50

/**
 * Listens on `port`, or on the next free one. Tries to listen instead of checking first, because another program may
 * take a port in between.
 * @param port 0 takes any free port
 * @throws Error if none of the next 50 ports is free
 */
export async function listenLocally<S extends Server>(server: S, port: number): Promise<S> {
  for (let next = port; ; next++) {
    try {
      return await listenOn(server, next)
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || port === 0) throw error
      if (next >= port + PORTS)
        throw new Error(
          `No free port from ${port} to ${port + PORTS} on 127.0.0.1. Stop the programs that use them, or set PORT.`,
        )
    }
  }
}

function listenOn<S extends Server>(server: S, port: number): Promise<S> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** @returns a free port of 127.0.0.1: `first`, else the next free port; 0 takes any free port */
export async function freePort(first = 0): Promise<number> {
  const server = await listenLocally(createServer(), first)
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
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
