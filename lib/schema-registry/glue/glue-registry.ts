// A client for the AWS Glue Schema Registry, in which a subject is the name of a schema. Source:
// docs.aws.amazon.com/glue/latest/dg/aws-glue-api-schema-registry-api.html
import type { GlueClient } from '@aws-sdk/client-glue'
import type { ProducerConfig } from '../../config/settings.ts'
import { requirePackages } from '../../optional-packages.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import { SchemaCache } from '../schema-cache.ts'
import type { RegisteredSchema, SchemaDefinition, SchemaRegistry, SchemaSelection } from '../schema-registry.ts'
import { type Glue, GlueConnection } from './glue-client.ts'
import { failure, glueError } from './glue-errors.ts'
import { foreignImport } from './protobuf-imports.ts'
import { type GlueVersion, readDefinition, readVersion } from './read-answer.ts'

export type GlueRegistryOptions = Pick<
  ProducerConfig,
  'glueRegion' | 'glueRegistryName' | 'glueEndpoint' | 'glueCompatibility' | 'schemaRegistryRequestTimeoutMs'
>

export interface GlueRegistryParts {
  readonly clock?: Clock
  /** Default: `Math.random`. */
  readonly random?: () => number
}

type ByVersion = Extract<SchemaSelection, { by: 'version' }>
type ByDefinition = Extract<SchemaSelection, { by: 'definition' }>

/**
 * Creates the client. Finding a schema by its definition needs `glue:GetSchemaByDefinition` on the registry and the
 * schema; registering it needs `glue:RegisterSchemaVersion` and `glue:CreateSchema`; a version needs
 * `glue:GetSchemaVersion` on both.
 * @throws ConfigError if the package @aws-sdk/client-glue is not installed
 */
export function createGlueRegistry(options: GlueRegistryOptions, parts: GlueRegistryParts = {}): SchemaRegistry {
  requirePackages('glue')
  return new GlueRegistry(options, parts)
}

class GlueRegistry implements SchemaRegistry {
  readonly #options: GlueRegistryOptions
  readonly #cache: SchemaCache
  readonly #connection: GlueConnection

  constructor(options: GlueRegistryOptions, { clock = systemClock, random }: GlueRegistryParts) {
    const { glueRegion: region, glueEndpoint: endpoint, schemaRegistryRequestTimeoutMs: timeoutMs } = options
    this.#options = options
    this.#cache = new SchemaCache({ clock, random })
    this.#connection = new GlueConnection({ region, endpoint, timeoutMs, clock })
  }

  find(selection: SchemaSelection, signal: AbortSignal): Promise<RegisteredSchema> {
    return this.#cache.find(selection, signal, attempt =>
      selection.by === 'version' ? this.#findVersion(selection, attempt) : this.#findDefinition(selection, attempt),
    )
  }

  /**
   * Checks only that the schema is valid: Glue compares it with earlier versions only when it is registered. Needs
   * `glue:CheckSchemaVersionValidity`.
   */
  async checkNew({ subject, definition }: ByDefinition, signal: AbortSignal): Promise<'valid'> {
    const { Valid: isValid } = await this.#send(
      'CheckSchemaVersionValidity',
      subject,
      signal,
      ({ CheckSchemaVersionValidityCommand }, client, options) =>
        client.send(
          new CheckSchemaVersionValidityCommand({ DataFormat: definition.type, SchemaDefinition: definition.text }),
          options,
        ),
    )
    if (isValid !== true)
      throw failure('schema-unusable', `${this.#place(subject)}: Glue reports the schema as invalid.`)
    return 'valid'
  }

  async #findVersion({ subject, version }: ByVersion, signal: AbortSignal): Promise<RegisteredSchema> {
    const answer = await this.#send(
      'GetSchemaVersion',
      subject,
      signal,
      ({ GetSchemaVersionCommand }, client, options) =>
        client.send(
          new GetSchemaVersionCommand({
            SchemaId: this.#schemaId(subject),
            SchemaVersionNumber: version === 'latest' ? { LatestVersion: true } : { VersionNumber: version },
          }),
          options,
        ),
    )
    const registered = this.#available(readVersion(answer), subject)
    const definition = readDefinition(answer)
    this.#checkImports({ type: registered.type, text: definition.text, references: [] }, subject)
    return registeredSchema(registered, definition.text, definition.version)
  }

  async #findDefinition(selection: ByDefinition, signal: AbortSignal): Promise<RegisteredSchema> {
    const { subject, definition, register } = selection
    this.#checkImports(definition, subject)
    let answer = await this.#byDefinition(selection, signal)
    if (answer === undefined && register) {
      await this.#register(selection, signal)
      // Looked up again after registering, because only this response contains the data format of the schema.
      answer = await this.#byDefinition(selection, signal)
      if (answer === undefined) throw this.#pending(subject)
    }
    if (answer === undefined)
      throw failure(
        'schema-not-found',
        `${this.#place(subject)} does not have this version of the schema: register it, or set autoRegister ` +
          '(auto.register.schemas).',
      )
    const { type } = answer
    if (type !== definition.type)
      throw failure(
        'schema-unusable',
        `${this.#place(subject)}: expected the data format ${definition.type}, got ${type}.`,
      )
    return registeredSchema(this.#available(answer, subject), definition.text, undefined)
  }

  /** @returns undefined if the registry does not have it */
  async #byDefinition({ subject, definition }: ByDefinition, signal: AbortSignal): Promise<GlueVersion | undefined> {
    try {
      const answer = await this.#send(
        'GetSchemaByDefinition',
        subject,
        signal,
        ({ GetSchemaByDefinitionCommand }, client, options) =>
          client.send(
            new GetSchemaByDefinitionCommand({ SchemaId: this.#schemaId(subject), SchemaDefinition: definition.text }),
            options,
          ),
      )
      return readVersion(answer)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /**
   * Registers a further version, or creates the schema if it does not exist. Glue creates no second version of an equal
   * schema.
   */
  async #register({ subject, definition }: ByDefinition, signal: AbortSignal): Promise<void> {
    const { type, text } = definition
    try {
      const { Status: status } = await this.#send(
        'RegisterSchemaVersion',
        subject,
        signal,
        ({ RegisterSchemaVersionCommand }, client, options) =>
          client.send(
            new RegisterSchemaVersionCommand({ SchemaId: this.#schemaId(subject), SchemaDefinition: text }),
            options,
          ),
      )
      if (status === 'FAILURE') throw this.#incompatible(subject)
    } catch (error) {
      if (!isNotFound(error)) throw error
      await this.#send('CreateSchema', subject, signal, ({ CreateSchemaCommand }, client, options) =>
        client.send(
          new CreateSchemaCommand({
            RegistryId: { RegistryName: this.#options.glueRegistryName },
            SchemaName: subject,
            DataFormat: type,
            Compatibility: this.#options.glueCompatibility,
            SchemaDefinition: text,
          }),
          options,
        ),
      )
    }
  }

  /** @throws SerializationError if the version can't be used, or not yet */
  #available(version: GlueVersion, subject: string): GlueVersion {
    switch (version.status) {
      case 'AVAILABLE':
        return version
      case 'PENDING':
        throw this.#pending(subject)
      case 'FAILURE':
        throw this.#incompatible(subject)
      case 'DELETING':
        throw failure('schema-not-found', `${this.#place(subject)}: the version is being deleted.`)
    }
  }

  /** Creates a retriable error: the next attempt asks again. */
  #pending(subject: string): Error {
    const message = `${this.#place(subject)}: the new version is still being checked for compatibility (PENDING).`
    return failure('schema-registry', message, { retriable: true })
  }

  #incompatible(subject: string): Error {
    const message = `${this.#place(subject)}: the version is not compatible with the earlier ones (FAILURE).`
    return failure('schema-incompatible', message)
  }

  #checkImports(definition: SchemaDefinition, subject: string): void {
    if (definition.references.length === 0 && foreignImport(definition) === undefined) return
    const message = `${this.#place(subject)}: expected a schema without imports, because Glue has no references.`
    throw failure('schema-unusable', message)
  }

  async #send<T>(
    operation: string,
    subject: string,
    signal: AbortSignal,
    call: (glue: Glue, client: GlueClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#connection.send(call, signal)
    } catch (cause) {
      throw glueError(cause, `glue:${operation}`, this.#place(subject), this.#options.schemaRegistryRequestTimeoutMs)
    }
  }

  #schemaId(subject: string) {
    return { RegistryName: this.#options.glueRegistryName, SchemaName: subject }
  }

  #place(subject: string): string {
    return `schema ${subject} of registry ${this.#options.glueRegistryName}`
  }
}

function registeredSchema({ versionId, type }: GlueVersion, text: string, version: number | undefined) {
  const id = { registry: 'glue', versionId } as const
  return { type, text, references: [], imports: new Map<string, string>(), version, id }
}

function isNotFound(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'schema-not-found'
}
