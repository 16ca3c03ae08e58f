// Turns the HTTP events of AWS services into one type of request, and the answer into the form that each service
// expects. Shapes: API Gateway payload formats 1.0 and 2.0, function URLs (= 2.0), Application Load Balancer, VPC
// Lattice event versions 1.0 and 2.0 (docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html).
import { isJsonObject, type JsonObject } from '../record/json-object.ts'

export interface HttpRequest {
  readonly kind: 'apigw-v1' | 'apigw-v2' | 'alb' | 'lattice'
  readonly method: string
  /** The path as the service sends it, including a stage or base path in front of the route. */
  readonly path: string
  /** The path of the gateway’s route, e.g. `/topics/{topic}`; undefined if the event has none or `$default`. */
  readonly routePath: string | undefined
  readonly pathParameters: Readonly<Record<string, unknown>>
  /** The stage of an HTTP API. */
  readonly stage: string | undefined
  /** Names are in lower case; the values of a repeated header are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes if the event has base64, else its text. */
  readonly body: Buffer | string
  readonly requestId: string | undefined
  /**
   * The caller that the gateway authenticated: a role without its session, an IAM user, `iss` and `sub` of a token, or
   * the `principalId` of a Lambda authorizer.
   */
  readonly principal: string | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Reads an event.
 * @returns undefined for an event of another form
 */
export function parseHttpEvent(event: unknown): HttpRequest | undefined {
  if (!isJsonObject(event)) return undefined
  const context = isJsonObject(event.requestContext) ? event.requestContext : {}
  const bodyText = typeof event.body === 'string' ? event.body : ''
  const isBase64 = event.isBase64Encoded === true || event.is_base64_encoded === true
  const body = isBase64 ? Buffer.from(bodyText, 'base64') : bodyText
  const common = {
    headers: lowerCase(event),
    body,
    requestId: text(context.requestId),
    principal: principalOf(context),
    pathParameters: isJsonObject(event.pathParameters) ? event.pathParameters : {},
  }
  if (event.version === '2.0' && typeof event.rawPath === 'string' && isJsonObject(context.http)) {
    const route = text(event.routeKey)?.split(' ')[1]
    const { rawPath: path } = event
    const method = text(context.http.method) ?? ''
    return { kind: 'apigw-v2', method, path, routePath: route, stage: text(context.stage), ...common }
  }
  const lattice = parseLattice(event, context)
  if (lattice) return { ...common, ...lattice }
  const { httpMethod: method, path, resource } = event
  if (typeof method !== 'string' || typeof path !== 'string') return undefined
  const of = { method, path, stage: undefined, ...common }
  if (isJsonObject(context.elb)) return { kind: 'alb', routePath: undefined, ...of }
  return typeof resource === 'string' ? { kind: 'apigw-v1', routePath: resource, ...of } : undefined
}

/** Version 1.0 has a `raw_path` and no context. Its headers identify nobody, because a caller could send them. */
function parseLattice(event: JsonObject, { targetGroupArn, identity }: JsonObject) {
  const { method, raw_path: rawPath } = event
  const path = rawPath ?? (event.version === '2.0' && text(targetGroupArn) !== undefined ? event.path : undefined)
  if (typeof path !== 'string' || typeof method !== 'string') return undefined
  const arn = isJsonObject(identity) ? text(identity.principal) : undefined
  return {
    kind: 'lattice',
    method,
    path: path.replace(/\?.*$/s, ''),
    routePath: undefined,
    stage: undefined,
    ...(arn === undefined ? {} : { principal: withoutSession(arn) }),
  } as const
}

/**
 * Returns the authenticated caller. Shapes:
 * docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html (identity,
 * authorizer.claims), http-api-develop-integrations-lambda.html (authorizer.iam, authorizer.jwt.claims) and
 * http-api-lambda-authorizer.html (authorizer.lambda: the context that the authorizer returns).
 */
function principalOf({ authorizer, identity }: JsonObject): string | undefined {
  const { iam, jwt, claims, lambda, principalId } = isJsonObject(authorizer) ? authorizer : ({} as JsonObject)
  const arn =
    (isJsonObject(iam) ? text(iam.userArn) : undefined) ?? (isJsonObject(identity) ? text(identity.userArn) : undefined)
  if (arn !== undefined) return withoutSession(arn)
  const token = isJsonObject(jwt) && isJsonObject(jwt.claims) ? jwt.claims : claims
  // A Lambda authorizer returns it in its context (payload format 2.0), or beside its policy (a REST API, 1.0).
  if (!isJsonObject(token) || text(token.sub) === undefined)
    return (isJsonObject(lambda) ? nameOf(lambda.principalId) : undefined) ?? nameOf(principalId)
  return `${text(token.iss) ?? ''} ${token.sub}`
}

/**
 * Removes the session from arn:aws:sts::123456789012:assumed-role/ROLE/SESSION, because a caller may choose any
 * session.
 */
function withoutSession(arn: string): string {
  return arn.replace(/(:assumed-role\/[^/]+)\/.*$/, '$1')
}

export function toHttpResult(kind: HttpRequest['kind'], event: unknown, answer: HttpAnswer): JsonObject {
  const result = { statusCode: answer.status, body: answer.body, isBase64Encoded: false }
  if (kind !== 'alb' && kind !== 'lattice') return { ...result, headers: answer.headers }
  const multiValue = isJsonObject(event) && isJsonObject(event.multiValueHeaders)
  const headers = multiValue
    ? { multiValueHeaders: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, [value]])) }
    : { headers: answer.headers }
  return { ...result, ...headers, statusDescription: `${answer.status} ${REASONS[answer.status] ?? 'Unknown'}` }
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  207: 'Multi-Status',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

function lowerCase({ headers, multiValueHeaders }: JsonObject): Record<string, string> {
  const joined: Record<string, string> = Object.create(null)
  for (const values of [headers, multiValueHeaders])
    for (const [name, value] of Object.entries(isJsonObject(values) ? values : {}))
      if (typeof value === 'string') joined[name.toLowerCase()] = value
      // Lists occur in multiValueHeaders, and in the headers of VPC Lattice.
      else if (Array.isArray(value))
        joined[name.toLowerCase()] = value.filter(each => typeof each === 'string').join(',')
  return joined
}

/** The context that a Lambda authorizer returns may have numbers. */
function nameOf(principalId: unknown): string | undefined {
  return Number.isFinite(principalId) ? String(principalId) : text(principalId)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
