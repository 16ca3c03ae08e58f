// Names of a Spring or Java file that are no settings of this library, and what is done with them. Any other name is
// refused: a setting that would not take effect must not seem to.

/** Sections of `spring.kafka` that do not concern a producer. */
export const OTHER_SECTIONS = /^(?:consumer|listener|admin|streams|jaas|retry\.topic)\./

/** They change nothing of what is sent or of its security: ignored with a warning. */
export const WITHOUT_EFFECT = new RegExp(
  `^(?:${[
    'observation-enabled',
    'spring\\.json\\..*',
    'metrics?\\..*',
    '(?:send|receive)\\.buffer\\.bytes',
    'client\\.dns\\.lookup',
    'enable\\.metrics\\.push',
    'auto\\.include\\.jmx\\.reporter',
    'metadata\\.max\\.idle\\.ms',
    // A consumer's, in a file that both share, as Confluent Cloud writes it.
    '(?:session\\.timeout|heartbeat\\.interval|max\\.poll\\.interval)\\.ms',
    'group\\.id',
    'auto\\.offset\\.reset',
    '(?:enable\\.auto\\.commit|auto\\.commit\\.interval\\.ms)',
    'max\\.poll\\.records',
    'isolation\\.level',
    '(?:key|value)\\.deserializer',
    // Of Confluent's serializers and clients: Java's classes, its caches and retries, and a consumer's.
    'specific\\.(?:avro\\.reader|protobuf\\.(?:key|value)\\.type)',
    '(?:specific\\.avro\\.(?:key|value)|json\\.(?:key|value))\\.type',
    'derive\\.type',
    'schema\\.reflection',
    'avro\\.(?:reflection\\.allow\\.null|use\\.logical\\.type\\.converters|remove\\.java\\.properties)',
    'json\\.(?:oneof\\.for\\.nullables|schema\\.spec\\.version|schema\\.scan\\.packages|write\\.dates\\.iso8601)',
    'json\\.(?:default\\.property\\.inclusion|fail\\.unknown\\.properties)',
    'latest\\.compatibility\\.strict',
    '(?:schema\\.registry\\.)?max\\.schemas\\.per\\.subject',
    '(?:schema\\.registry\\.)?(?:http\\.connect\\.timeout|retries\\.(?:max\\.)?wait)\\.ms',
    '(?:schema\\.registry\\.)?(?:latest|missing(?:\\.(?:id|version|schema))?)\\.cache\\.(?:size|ttl\\.sec)',
    '(?:schema\\.registry\\.)?(?:max\\.retries|url\\.randomize|use\\.apache\\.http\\.client)',
    '(?:schema\\.registry\\.)?bearer\\.auth\\.cache\\.expiry\\.buffer\\.seconds',
    '(?:key|value)\\.schema\\.id\\.deserializer',
  ].join('|')})$`,
)

/** Accepted with the one value that this library has; by their names in lower case without punctuation. */
export const FIXED_SETTINGS: ReadonlyMap<string, RegExp> = new Map([
  ['sslendpointidentificationalgorithm', /^https$/i],
  ['partitioneradaptivepartitioningenable', /^false$/i],
  ['ssltruststoretype', /^PEM$/i],
  ['sslkeystoretype', /^PEM$/i],
  ['schemaregistryssltruststoretype', /^PEM$/i],
  ['schemaregistrysslkeystoretype', /^PEM$/i],
  ['schemaregistrysslendpointidentificationalgorithm', /^https$/i],
  ['jsonfailinvalidschema', /^true$/i],
  ['saslclientcallbackhandlerclass', /^software\.amazon\.msk\.auth\.iam\.IAMClientCallbackHandler$/],
  [
    'sasllogincallbackhandlerclass',
    /^org\.apache\.kafka\.common\.security\.oauthbearer\..*OAuthBearerLoginCallbackHandler$/,
  ],
])
