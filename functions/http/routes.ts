// The routes of all dialects, and which of them a request is for. The template, the local gateway and the examples for
// SAM and CDK have the same ones.
import type { HttpRequest } from '../../lib/lambda/http-event.ts'
import type { Dialect, Route } from './dialects/dialect.ts'
import { native } from './dialects/native.ts'
import { RequestError } from './request-error.ts'

const HEALTH: Route = { method: 'GET', path: '/health' }
const DIALECTS: readonly Dialect[] = [native]

interface Candidate {
  readonly route: Route
  /** Undefined: the route of the health check. */
  readonly dialect: Dialect | undefined
}
export interface RouteMatch extends Candidate {
  readonly parameters: Readonly<Record<string, string>>
}

const CANDIDATES: readonly Candidate[] = [
  ...DIALECTS.flatMap(dialect => dialect.routes.map(route => ({ route, dialect }))),
  { route: HEALTH, dialect: undefined },
]
export const ROUTES: readonly Route[] = CANDIDATES.map(({ route }) => route)

/**
 * A gateway that has our routes says which one it is. Else the path decides, without the base path of a custom domain.
 * @throws RequestError `unknown-topic` for a path without a route · `method` with `Allow`
 */
export function matchRoute(request: HttpRequest, basePath: string): RouteMatch {
  const matches = routesAt(request, basePath)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const match = matches.find(({ route }) => route.method === method)
  if (match) return match
  const allow = allowed(matches)
  throw new RequestError('method', `method: expected ${allow}.`, { headers: { allow } })
}

/** The methods of the path, as `Allow` has them. @throws RequestError `unknown-topic` */
export function allowedMethods(request: HttpRequest, basePath: string): string {
  return allowed(routesAt(request, basePath))
}

function allowed(matches: readonly RouteMatch[]): string {
  return matches.map(({ route: { method } }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
}

/** The routes of the first path that has any. */
function routesAt(request: HttpRequest, basePath: string): readonly RouteMatch[] {
  const base = basePath.replace(/^\/+|\/+$/g, '')
  const matches = pathsOf(request, base === '' ? '' : `/${base}`)
    .map(path => CANDIDATES.flatMap(candidate => matchPath(candidate, path) ?? []))
    .find(found => found.length > 0)
  if (matches) return matches
  throw new RequestError('unknown-topic', `path: expected ${ROUTES.map(({ path }) => path).join(' or ')}.`)
}

/** The paths that may be meant, the likeliest first. */
function pathsOf(request: HttpRequest, basePath: string): string[] {
  const { path, routePath, stage } = request
  const ours = CANDIDATES.find(({ route }) => routePath?.endsWith(route.path))?.route.path
  if (ours !== undefined) return pathOfRoute(ours, request)
  const withoutBase = withoutPrefix(path, basePath)
  // An HTTP API prefixes the path with the name of its stage, except behind a custom domain.
  const staged = stage === undefined || stage === '$default' ? [] : [withoutPrefix(path, `/${stage}`)]
  return [withoutBase, ...staged, ...staged.map(each => withoutPrefix(each, basePath)), path]
}

/** The path that the gateway's route stands for: what the request has before it is a base path or a stage. */
function pathOfRoute(route: string, { path, pathParameters }: HttpRequest): string[] {
  const last = path.replace(/\/$/, '').split('/').at(-1)
  const named = route.replace(/\{(.+?)\}/, (_, name) => String(pathParameters[name] ?? last))
  // A parameter with escapes, or with slashes, is no name of a topic, and the path then ends in another way.
  return path.replace(/\/$/, '').endsWith(named) ? [named] : []
}

function withoutPrefix(path: string, prefix: string): string {
  return prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
}

function matchPath(candidate: Candidate, path: string): RouteMatch | undefined {
  const [expected, got] = [candidate.route.path, path].map(text => text.replace(/\/$/, '').split('/')) as [
    string[],
    string[],
  ]
  if (expected.length !== got.length) return undefined
  const parameters: Record<string, string> = Object.create(null)
  for (const [at, part] of expected.entries()) {
    const name = /^\{(.+)\}$/.exec(part)?.[1]
    const value = got[at] as string
    if (name === undefined ? value !== part : value === '') return undefined
    if (name !== undefined) parameters[name] = value
  }
  return { ...candidate, parameters }
}
