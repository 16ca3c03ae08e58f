// The port of value formats: what a contract holds to check its values, and its keys, and to turn them into bytes.
import type { ProducerConfig } from '../config/settings.ts'
import type { SchemaCheck } from '../contracts/contract.ts'
import type { JsonObject } from '../record/json-object.ts'
import type { JsonShape } from '../record/json-outline.ts'
import type { JsonText } from '../record/json-text.ts'
import type { SerializerName } from './named-serializers.ts'
import type { SerializedData, SerializerContext } from './serializer.ts'

/** A value, or a key, that has passed its checks. */
export interface ValueSource {
  /** As its source or the caller passed it: JSON text, parsed JSON, text or bytes. */
  readonly value: unknown
  /** What `read` returned for it. */
  readonly content: unknown
}

/** What a codec knows of the record beside the value. */
export interface CodecContext extends SerializerContext {
  /** Where its schema registry is. Undefined: whoever redrives or edits a dead letter passed none. */
  readonly config: ProducerConfig | undefined
}

/** The schemas of a registry that a codec needs. */
export interface RegistryUse {
  readonly registry: 'confluent' | 'glue'
  /** Of Glue: the schema's name. Undefined: the topic has the default one. */
  readonly subject: string | undefined
  readonly version: 'latest' | number | 'definition'
  /** Whether it registers a schema that the subject does not have. */
  readonly autoRegister: boolean
  /** Whether the build has asked the registry, so that nothing else does. */
  readonly isPinned: boolean
}

/**
 * How the values of a topic, or its keys, are checked and become bytes. Null, a tombstone, never reaches a codec. Its
 * own words for what is wrong must not quote the value. What only a schema registry knows is checked by `encode`, which
 * may be asynchronous; all else is done at once.
 *
 * A key is what its source has: text, bytes, parsed JSON of a program or an event, or a JsonText.
 */
export interface ValueCodec {
  /** The name of the format, as contracts have it. */
  readonly format: string
  /** Whether a source's text is JSON; otherwise the text itself is the value. */
  readonly isJson: boolean
  /** Which parts of a source's JSON text are outlined, and what is a fault in it. */
  readonly shape: JsonShape
  /** Whether text is sent as it is. Then a text that is too long is refused before it is read. */
  readonly keepsText: boolean
  /**
   * Whether bytes are sent as they are. Then those of a dead letter can be checked again; otherwise that of a record
   * that was never encoded says so (`encoding: "source"`), and a redrive encodes it.
   */
  readonly keepsBytes: boolean
  /** What it needs of a schema registry. Undefined: nothing. */
  readonly uses?: RegistryUse | undefined
  /**
   * Finds what `encode` needs of a schema registry, as a record of `context` would; registers nothing. Undefined: it
   * needs nothing.
   * @throws SerializationError of the kind `delivery-failure`, by rejection
   */
  findSchema?(context: CodecContext): Promise<unknown>
  /** The serializers that write the same: a function's `value.serializer` may name these. */
  readonly serializers: readonly SerializerName[]
  /** The value of a record whose source has this text. What can't be read stays text, which `check` refuses. */
  fromText(text: JsonText): unknown
  /**
   * What a value says: keys are looked up in it. A JsonText whose content is null is a tombstone.
   * @throws InvalidRecordError where it can't be read
   */
  read(value: unknown): unknown
  /**
   * @param content what `read` returned
   * @param extent whether all violations are listed or the first one suffices
   * @throws InvalidRecordError
   */
  check(content: unknown, extent: 'all' | 'first'): void
  /**
   * Bytes that nobody else can change, alone or with headers. Text that needs no change is sent as it is.
   * @param context `isKey` says whether it is the record's key; `signal` is aborted at the record's deadline
   * @throws SerializationError `delivery-failure` where a system failed, `invalid-record` for a record that is wrong;
   * InvalidRecordError; or the promise rejects with one
   */
  encode(source: ValueSource, context: CodecContext): SerializedData | Promise<SerializedData>
}

/** Creates the codec of a topic. @param compile compiles a JSON Schema */
export type CodecFactory = (topic: string, compile: (schema: unknown) => SchemaCheck) => ValueCodec

/** Where a contract's file has the fields of a format. */
export interface FormatPlace {
  readonly part: 'key' | 'value'
  /** Returns the text of a file that the contract names. @throws ErrnoException when it can't be read */
  readSchema(path: string): string
}

/** A value format, a row of `VALUE_FORMATS` or of the formats of schema registries. */
export interface ValueFormat {
  /** The fields of a contract's `value` that it knows beside `format`. */
  readonly fields: readonly string[]
  /** As `ValueCodec.isJson`. Events feed only topics of such a format. */
  readonly isJson: boolean
  /** @param problem called with what is wrong with a field: `value.<field>: expected …` */
  parse(fields: JsonObject, problem: (text: string) => void, place: FormatPlace): CodecFactory
}
