/** The client that all hooks below it use, and the schema that types them. */
import { createContext, createElement, useContext } from 'react';
import type { ReactElement, ReactNode } from 'react';
import type { Client } from '../index.ts';
import type { Untyped } from '../types.ts';

/** For types: `declare module '@underpin/sdk/react' { interface Register { schema: Schema } }`. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is filled by the app
export interface Register {}
export type Registered = Register extends { readonly schema: infer S } ? S : Untyped;
/** One client for the whole page, so that all of it shares one socket and one session. */
type AppClient = Client<Registered>;

const context = createContext<AppClient | null>(null);

export function UnderpinProvider(props: { readonly client: AppClient; readonly children?: ReactNode }): ReactElement {
  return createElement(context.Provider, { value: props.client }, props.children);
}

export function useUnderpin(): AppClient {
  const client = useContext(context);
  if (client === null) throw new Error('There is no <UnderpinProvider> around this component');
  return client;
}
