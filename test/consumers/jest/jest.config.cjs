module.exports = {
  testMatch: ['**/*.spec.ts'],
  transform: { '\\.[jt]s$': '@swc/jest' },
  // Jest compiles no package, unless it is named here.
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm|serverless-kafka-producer|@platformatic)/)'],
}
