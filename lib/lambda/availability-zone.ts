// Asks Lambda's metadata endpoint, which needs no permission, for the availability zone of this sandbox. Source:
// docs.aws.amazon.com/lambda/latest/dg/configuration-metadata-endpoint.html
import type { IncomingMessage } from 'node:http'
import { isJsonObject, parseJson } from '../record/json-object.ts'

const PATH = '/2026-01-15/metadata/execution-environment'
/** The endpoint is on the same machine, and the first records wait for it. */
const TIMEOUT_MS = 1000
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Returns the id of the zone, such as `use1-az1`. Unlike a zone's name, an id means the same zone in every account.
 * @throws Error if this is not Lambda, or the endpoint returns no id
 */
export async function availabilityZoneId(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { AWS_LAMBDA_METADATA_API: address, AWS_LAMBDA_METADATA_TOKEN: token } = env
  if (!address || !token) throw new Error('AWS_LAMBDA_METADATA_API is not set, so this is not Lambda')
  const answer = parseJson(await read(`http://${address}${PATH}`, token))
  const id = isJsonObject(answer) ? answer.AvailabilityZoneID : undefined
  if (typeof id !== 'string' || id === '') throw new Error('Lambda’s metadata endpoint returned no AvailabilityZoneID')
  return id
}

/**
 * Uses node:http, which Lambda's runtime has loaded: `fetch` would add some milliseconds to a cold start. So would an
 * `import` of node:http, even where it is not used, because it reads all exports, and WebSocket is one of them.
 */
function read(url: string, token: string): Promise<string> {
  const { get } = process.getBuiltinModule('node:http')
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${token}` }, agent: false, signal }, response => {
      textOf(response).then(resolve, reject)
    })
    request.on('error', reject)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.resume()
    throw new Error(`Lambda’s metadata endpoint answered ${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error('Lambda’s metadata endpoint returned a longer answer than expected')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
