// Names in a Spring or Java file that this library does not have, and what happens to each: ignored, ignored with a
// warning, or accepted with one value. Any other name is refused, because a setting without effect must not look
// effective.

/** Sections of `spring.kafka` that do not concern a producer. */
export const OTHER_SECTIONS = /^(?:consumer|listener|admin|streams|jaas|retry\.topic)\./

/** Ignored with a warning, because they change neither what is sent nor how it is secured. */
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
    // Consumer settings: producer and consumer may share a file, and Confluent Cloud generates such files.
    '(?:session\\.timeout|heartbeat\\.interval|max\\.poll\\.interval)\\.ms',
    'group\\.id',
    'auto\\.offset\\.reset',
    '(?:enable\\.auto\\.commit|auto\\.commit\\.interval\\.ms)',
    'max\\.poll\\.records',
    'isolation\\.level',
    '(?:key|value)\\.deserializer',
    // Settings of Confluent's Java serializers and clients: Java classes, caches, retries, and consumer settings.
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

/**
 * Accepted only with the value that matches this library's behaviour. Keys are names in lower case without punctuation.
 */
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
