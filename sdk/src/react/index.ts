/** Hooks for React: `@underpin/sdk/react`. */
export { UnderpinProvider, useUnderpin } from './provider.ts';
export type { Register, Registered } from './provider.ts';
export { useAuth } from './use-auth.ts';
export type { AuthResult } from './use-auth.ts';
export { useList, useRecord } from './use-list.ts';
export type { ListResult, RecordResult } from './use-list.ts';
export { useLive } from './use-live.ts';
export type { LiveResult } from './use-live.ts';
export { useMutation } from './use-mutation.ts';
export type { Mutation, Outcome } from './use-mutation.ts';
