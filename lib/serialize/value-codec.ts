// The port of value formats: a contract's codec checks its values or keys, and turns them into bytes.
import type { ProducerConfig } from '../config/settings.ts'
import type { SchemaCheck } from '../contracts/contract.ts'
import type { JsonObject } from '../record/json-object.ts'
import type { JsonShape } from '../record/json-outline.ts'
import type { JsonText } from '../record/json-text.ts'
import type { SerializerName } from './named-serializers.ts'
import type { SerializedData, SerializerContext } from './serializer.ts'

/** A value or key that has passed its checks. */
export interface ValueSource {
  /** The value as its source or the caller passed it: JSON text, parsed JSON, text or bytes. */
  readonly value: unknown
  /** What `read` returned for the value. */
  readonly content: unknown
}

/** What a codec gets in addition to the value. */
export interface CodecContext extends SerializerContext {
  /**
   * The configuration, for the schema registry. Undefined if the code that redrives or edits a dead letter passed none.
   */
  readonly config: ProducerConfig | undefined
}

/** The schemas of a registry that a codec uses. */
export interface RegistryUse {
  readonly registry: 'confluent' | 'glue'
  /** For AWS Glue, the name of the schema. Undefined: the default for the topic. */
  readonly subject: string | undefined
  readonly version: 'latest' | number | 'definition'
  /** Whether the codec registers a schema that the subject does not have. */
  readonly autoRegister: boolean
  /** Whether the build has looked the schema up, so that the codec sends no request to the registry. */
  readonly isPinned: boolean
}

/**
 * Checks the values of a topic, or its keys, and turns them into bytes. Null, a tombstone, never reaches a codec. Its
 * messages must not quote the value. Only `encode`, which may be async, checks what a schema registry decides;
 * everything else is checked at once.
 *
 * A key is in the form of its source: text, bytes, parsed JSON of a program or an event, or a JsonText.
 */
export interface ValueCodec {
  /** The name of the format in contracts. */
  readonly format: string
  /** Whether text of a source is JSON; otherwise the text itself is the value. */
  readonly isJson: boolean
  /** Which parts of a source's JSON text are outlined, and what counts as a fault in it. */
  readonly shape: JsonShape
  /** Whether text is sent as it is, so that text that is too long can be refused before it is parsed. */
  readonly keepsText: boolean
  /**
   * Whether bytes are sent as they are. If so, the bytes of a dead letter can be checked again. If not, the dead letter
   * of a record that was never encoded says so (`encoding: "source"`), and a redrive encodes it.
   */
  readonly keepsBytes: boolean
  /** What the codec needs from a schema registry. Undefined: nothing. */
  readonly uses?: RegistryUse | undefined
  /**
   * Loads what `encode` needs from a schema registry for a record of `context`; registers nothing. Undefined: it needs
   * nothing.
   * @throws SerializationError of the kind `delivery-failure`, by rejection
   */
  findSchema?(context: CodecContext): Promise<unknown>
  /** The serializers that write the same bytes. The setting `value.serializer` of a function may name these. */
  readonly serializers: readonly SerializerName[]
  /**
   * Returns the value of a record whose source has this text. Text that can't be read stays text, which `check`
   * refuses.
   */
  fromText(text: JsonText): unknown
  /**
   * Returns the content of a value, in which keys are looked up. A JsonText whose content is null is a tombstone.
   * @throws InvalidRecordError if the value can't be read
   */
  read(value: unknown): unknown
  /**
   * Checks a value.
   * @param content what `read` returned
   * @param extent whether all violations are listed, or only the first one
   * @throws InvalidRecordError
   */
  check(content: unknown, extent: 'all' | 'first'): void
  /**
   * Returns bytes that nobody else can change, alone or with headers. Text that needs no change is sent as it is.
   * @param context `isKey` says whether it is the record's key; `signal` is aborted at the record's deadline
   * @throws SerializationError `delivery-failure` if another system failed, `invalid-record` if the record is wrong;
   *   InvalidRecordError; or the promise rejects with one of these
   */
  encode(source: ValueSource, context: CodecContext): SerializedData | Promise<SerializedData>
}

/**
 * Creates the codec of a topic.
 * @param compile compiles a JSON Schema
 */
export type CodecFactory = (topic: string, compile: (schema: unknown) => SchemaCheck) => ValueCodec

/** The place of a format's fields in a contract's file. */
export interface FormatPlace {
  readonly part: 'key' | 'value'
  /**
   * Returns the text of a file that the contract names.
   * @throws ErrnoException if it can't be read
   */
  readSchema(path: string): string
}

/** A value format: a row of `VALUE_FORMATS`, or of the formats of schema registries. */
export interface ValueFormat {
  /** The fields of a contract's `value` that the format has in addition to `format`. */
  readonly fields: readonly string[]
  /** As `ValueCodec.isJson`. Events can only be routed to topics of a JSON format. */
  readonly isJson: boolean
  /**
   * Parses the fields.
   * @param problem called with what is wrong with a field: `value.<field>: expected …`
   */
  parse(fields: JsonObject, problem: (text: string) => void, place: FormatPlace): CodecFactory
}
