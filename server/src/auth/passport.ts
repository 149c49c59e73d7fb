/** Passport's strategies without its middleware, its sessions or its global object: one call, one answer. */
import type { Request } from 'express';
import type { Strategy } from 'passport';
import type { Account } from './sessions.ts';

/** What a strategy decided: an account, or nobody. */
export const runStrategy = (strategy: Strategy, request: Request): Promise<Account | undefined> =>
  new Promise((resolve, reject) => {
    // A strategy is made to be copied for each request and given these five ways out.
    const nobody = (): void => resolve(undefined);
    const ways = {
      success: (user: unknown) => resolve(isAccount(user) ? user : undefined),
      fail: nobody,
      pass: nobody,
      redirect: nobody,
      error: (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
    };
    Object.assign(Object.create(strategy), ways).authenticate(request);
  });

const isAccount = (user: unknown): user is Account => user !== null && typeof user === 'object' && 'id' in user && 'collectionId' in user;
