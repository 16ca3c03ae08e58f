// The routes of all dialects, and which route a request is for. The template takes the routes from here.
import type { HttpRequest } from '../../lib/lambda/http-event.ts'
import type { Dialect, Route } from './dialects/dialect.ts'
import { native } from './dialects/native.ts'
import { RequestError } from './request-error.ts'

const HEALTH: Route = { method: 'GET', path: '/health' }
const DIALECTS: readonly Dialect[] = [native]

interface Candidate {
  readonly route: Route
  /** Undefined for the route of the health check. */
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
 * Finds the route of a request. A gateway that has these routes names the route in its event. Otherwise the path
 * decides, without the base path of a custom domain.
 * @throws RequestError `unknown-topic` for a path without a route · `method`, with the header `Allow`
 */
export function matchRoute(request: HttpRequest, basePath: string): RouteMatch {
  const matches = routesAt(request, basePath)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const match = matches.find(({ route }) => route.method === method)
  if (match) return match
  const allow = allowed(matches)
  throw new RequestError('method', `method: expected ${allow}.`, { headers: { allow } })
}

/**
 * The methods of the path, in the form of the header `Allow`.
 * @throws RequestError `unknown-topic`
 */
export function allowedMethods(request: HttpRequest, basePath: string): string {
  return allowed(routesAt(request, basePath))
}

function allowed(matches: readonly RouteMatch[]): string {
  return matches.map(({ route: { method } }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
}

/** The routes of the first candidate path that has any. */
function routesAt(request: HttpRequest, basePath: string): readonly RouteMatch[] {
  const base = basePath.replace(/^\/+|\/+$/g, '')
  const matches = pathsOf(request, base === '' ? '' : `/${base}`)
    .map(path => CANDIDATES.flatMap(candidate => matchPath(candidate, path) ?? []))
    .find(found => found.length > 0)
  if (matches) return matches
  throw new RequestError('unknown-topic', `path: expected ${ROUTES.map(({ path }) => path).join(' or ')}.`)
}

/** Candidates for the path that the caller means, the most likely first. */
function pathsOf(request: HttpRequest, basePath: string): string[] {
  const { path, routePath, stage } = request
  const route = CANDIDATES.find(({ route }) => routePath?.endsWith(route.path))?.route.path
  if (route !== undefined) return pathOfRoute(route, request)
  const withoutBase = withoutPrefix(path, basePath)
  // An HTTP API puts the name of its stage in front of the path, except behind a custom domain.
  const staged = stage === undefined || stage === '$default' ? [] : [withoutPrefix(path, `/${stage}`)]
  return [withoutBase, ...staged, ...staged.map(each => withoutPrefix(each, basePath)), path]
}

/**
 * The path of the gateway's route with its parameters filled in; what precedes it in the request is a base path or
 * stage.
 */
function pathOfRoute(route: string, { path, pathParameters }: HttpRequest): string[] {
  const last = path.replace(/\/$/, '').split('/').at(-1)
  const named = route.replace(/\{(.+?)\}/, (_, name) => String(pathParameters[name] ?? last))
  // A parameter with escapes or slashes is not a topic name; the request's path then ends differently.
  return path.replace(/\/$/, '').endsWith(named) ? [named] : []
}

function withoutPrefix(path: string, prefix: string): string {
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
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
