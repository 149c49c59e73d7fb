/** Every suite: ESM, TypeScript through swc, the workspaces read from source (condition `underpin-source`). */
const suites = ['<rootDir>/server/test/**/*.test.ts', '<rootDir>/sdk/test/**/*.test.ts', '<rootDir>/admin-ui/test/**/*.test.ts'];
/** Those of docker-compose.yml are run by scripts/test-compose.mjs, and need no Postgres of ours. */
const compose = '<rootDir>/server/test/compose/**/*.test.ts';
const isCompose = process.env.UNDERPIN_TEST_COMPOSE !== undefined;

export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['underpin-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  testMatch: isCompose ? [compose] : suites,
  testPathIgnorePatterns: ['/node_modules/', ...(isCompose ? [] : ['<rootDir>/server/test/compose/'])],
  modulePathIgnorePatterns: ['/dist/', '/data/'],
  ...(isCompose
    ? {}
    : { globalSetup: '<rootDir>/server/test/support/global.mjs', globalTeardown: '<rootDir>/server/test/support/global-end.mjs' }),
  reporters: ['default', '<rootDir>/scripts/jest-reporter.mjs'],
  testTimeout: 30_000,
  maxWorkers: 2,
};
