// A client of Confluent's Schema Registry, and of those with its API: Apicurio (/apis/ccompat/v7), Redpanda, Karapace.
// https://docs.confluent.io/platform/current/schema-registry/develop/api.html
import { SerializationError } from '../../errors.ts'
import { isJsonObject } from '../../record/json-object.ts'
import { LruCache } from '../lru-cache.ts'
import type { SchemaCache } from '../schema-cache.ts'
import type { RegisteredSchema, SchemaRegistry, SchemaSelection, SchemaType } from '../schema-registry.ts'
import { unusableSchema } from '../unusable-schema.ts'
import { resolveReferences } from './references.ts'
import { readStoredSchema, type StoredSchema } from './registry-answers.ts'
import type { RegistryClient, RegistryRequest } from './registry-client.ts'
import { badAnswer } from './registry-refusals.ts'
import { isSubject } from './subject.ts'

type ByDefinition = Extract<SchemaSelection, { by: 'definition' }>

/** The most characters of imports that are cached for schemas that share them. */
const MAX_IMPORTS_KEPT = 8 * 1024 * 1024

export class ConfluentRegistry implements SchemaRegistry {
  readonly #client: RegistryClient
  readonly #cache: SchemaCache
  readonly #imports = new LruCache<StoredSchema>(MAX_IMPORTS_KEPT)

  constructor(client: RegistryClient, cache: SchemaCache) {
    this.#client = client
    this.#cache = cache
  }

  find(selection: SchemaSelection, signal: AbortSignal): Promise<RegisteredSchema> {
    return this.#cache.find(selection, signal, signalOfAll => this.#lookUp(selection, signalOfAll))
  }

  async checkNew(selection: ByDefinition, signal: AbortSignal): Promise<'compatible' | 'the first version'> {
    const { subject, normalize } = selection
    const what = `the compatibility of subject ${subject}`
    const path = `/compatibility${pathOf(subject)}/versions/latest${queryOf(normalize)}`
    let answer: unknown
    try {
      answer = await this.#client.request({ path, body: bodyOf(selection), what }, signal)
    } catch (error) {
      if (isNotFound(error)) return 'the first version'
      throw error
    }
    const isCompatible = isJsonObject(answer) ? answer.is_compatible : undefined
    if (typeof isCompatible !== 'boolean') throw badAnswer(what, 'expected `is_compatible` true or false')
    if (isCompatible) return 'compatible'
    const message = `The schema is not compatible with the earlier versions of subject ${subject}.`
    throw new SerializationError('delivery-failure', message, { code: 'schema-incompatible', retriable: false })
  }

  async #lookUp(selection: SchemaSelection, signal: AbortSignal): Promise<RegisteredSchema> {
    const { subject } = selection
    const stored =
      selection.by === 'version'
        ? await this.#version(subject, selection.version, signal)
        : await this.#definition(selection, signal)
    if (stored.hasWriteRules) throw hasRules(subject)
    const { id, guid, version, type, text, references } = stored
    const fetch = (ofSubject: string, ofVersion: number) => this.#import(ofSubject, ofVersion, signal)
    const imports = await resolveReferences(subject, references, fetch, signal)
    return { id: { registry: 'confluent', id, guid }, version, type, text, references, imports }
  }

  async #version(subject: string, version: 'latest' | number, signal: AbortSignal): Promise<StoredSchema> {
    const isLatest = version === 'latest'
    const what = isLatest ? `a version of subject ${subject}` : `version ${version} of subject ${subject}`
    const stored = await this.#request({ path: `${pathOf(subject)}/versions/${version}`, what }, signal)
    // A cache in between could return another version. The subject is not compared, because for an alias it is the
    // other name.
    if (!isLatest && stored.version !== undefined && stored.version !== version)
      throw badAnswer(what, `expected version ${version}`)
    return stored
  }

  async #import(subject: string, version: number, signal: AbortSignal): Promise<StoredSchema> {
    const key = `${version} ${subject}`
    const kept = this.#imports.get(key)
    if (kept) return kept
    const stored = await this.#version(subject, version, signal)
    this.#imports.set(key, stored, stored.text.length)
    return stored
  }

  /**
   * Looks the schema up before it registers it, because most are registered already and a look-up needs only read
   * permission. It is looked up again after registering, because not every registry returns all fields then.
   */
  async #definition(selection: ByDefinition, signal: AbortSignal): Promise<StoredSchema> {
    try {
      return await this.#byDefinition(selection, signal)
    } catch (error) {
      if (!selection.register || !isNotFound(error)) throw error
    }
    const { subject, normalize } = selection
    const path = `${pathOf(subject)}/versions${queryOf(normalize)}`
    const request = { path, body: bodyOf(selection), what: `subject ${subject}`, isRegistering: true }
    await this.#client.request(request, signal)
    try {
      return await this.#byDefinition(selection, signal)
    } catch (error) {
      throw isNotFound(error) ? notFoundYet(subject, error) : error
    }
  }

  async #byDefinition(selection: ByDefinition, signal: AbortSignal): Promise<StoredSchema> {
    const { subject, definition, normalize } = selection
    const what = `the schema under subject ${subject}`
    const path = `${pathOf(subject)}${queryOf(normalize)}`
    // Apicurio never returns the type.
    const stored = await this.#request({ path, body: bodyOf(selection), what }, signal, definition.type)
    if (stored.type !== definition.type) throw badAnswer(what, `expected the type ${definition.type}`)
    // Share the caller's text, to keep it in memory only once.
    return stored.text === definition.text ? { ...stored, text: definition.text } : stored
  }

  async #request(
    request: RegistryRequest,
    signal: AbortSignal,
    defaultType: SchemaType = 'AVRO',
  ): Promise<StoredSchema> {
    const stored = readStoredSchema(await this.#client.request(request, signal), defaultType)
    if (typeof stored === 'string') throw badAnswer(request.what, stored)
    return stored
  }
}

/** @throws SerializationError `schema-unusable` */
function pathOf(subject: string): string {
  if (!isSubject(subject))
    throw unusableSchema('expected a subject with a name that is not empty, . or .., and without lone surrogates')
  return `/subjects/${encodeURIComponent(subject)}`
}

function queryOf(normalize: boolean): string {
  return normalize ? '?normalize=true' : ''
}

function bodyOf({ definition: { type, text, references } }: ByDefinition): object {
  return {
    schema: text,
    // Registries older than Confluent 5.5 support only Avro and don't have this field.
    ...(type === 'AVRO' ? {} : { schemaType: type }),
    ...(references.length === 0 ? {} : { references }),
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof SerializationError && error.code === 'schema-not-found'
}

/** Retriable, because another node of the registry may not have read it yet. */
function notFoundYet(subject: string, cause: unknown): SerializationError {
  const message = `The schema registry has registered the schema for subject ${subject}, but can’t find it yet.`
  return new SerializationError('delivery-failure', message, { code: 'schema-registry', retriable: true, cause })
}

function hasRules(subject: string): SerializationError {
  return new SerializationError(
    'delivery-failure',
    `The schema of subject ${subject} has rules that run on write (ruleSet), such as encryption, which this library ` +
      'does not run: expected none, so that nothing leaves without them.',
    { code: 'schema-rules', retriable: false },
  )
}
