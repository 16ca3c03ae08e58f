// A proxy in front of ElasticMQ, which does not check Host and Origin: it refuses pages of other sites and forwards
// other requests.
import { Agent, type IncomingMessage, request as requestTo, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createLocalServer, Refusal } from '../local-server.ts'
import { listenLocally } from '../ports.ts'

/** The headers that ElasticMQ reads. */
const FORWARDED = ['content-type', 'content-length', 'transfer-encoding', 'x-amz-target'] as const
/**
 * The number of headers that ElasticMQ accepts: more than a request from here has, but fewer than a browser sends
 * (eight), so that ElasticMQ refuses a page that found its own port.
 */
export const MAX_HEADERS = 6

export function startSqsFront(port: number, elasticMqPort: number): Promise<Server> {
  const agent = new Agent({ keepAlive: true })
  const server = createLocalServer({
    handle: (request, response) => handOn(request, response, elasticMqPort, agent),
    onError: () => {},
    errorBody: (status, message) => ({ __type: status === 403 ? 'AccessDeniedException' : 'InternalError', message }),
  })
  server.on('close', () => agent.destroy())
  return listenLocally(server, port)
}

async function handOn(request: IncomingMessage, response: ServerResponse, port: number, agent: Agent): Promise<void> {
  const headers = Object.fromEntries(
    FORWARDED.flatMap(name => (request.headers[name] === undefined ? [] : [[name, request.headers[name]]])),
  )
  const { method, url: path } = request
  const outgoing = requestTo({ host: '127.0.0.1', port, method, path, headers, agent })
  // Stops receiving if the client has gone, because it would lose the messages.
  response.on('close', () => outgoing.destroy())
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve)
    outgoing.on('error', () => reject(new Refusal(502, 'ElasticMQ does not respond.')))
  })
  request.pipe(outgoing)
  const answer = await answered
  const { connection: _, 'transfer-encoding': __, 'keep-alive': ___, ...rest } = answer.headers
  response.writeHead(answer.statusCode ?? 502, rest)
  await pipeline(answer, response)
}
