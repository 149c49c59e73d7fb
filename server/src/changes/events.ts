/** What one message of the log says. */
import type { Change, LogMessage, Position, Relation } from './change.ts';

export type Event =
  | { readonly kind: 'begin'; readonly xid: number; /** Where its commit begins. */ readonly commits: Position }
  /** `at`: when, in ms since 1970. */
  | { readonly kind: 'commit'; readonly end: Position; readonly at: number }
  /** `xid` is the (sub)transaction's in a stream, else 0. */
  | { readonly kind: 'change'; readonly xid: number; readonly change: Change }
  /** `touch`: of a row that is not asked for. */
  | { readonly kind: 'truncate' | 'touch'; readonly xid: number; readonly relations: readonly Relation[] }
  | { readonly kind: 'message'; readonly xid: number; readonly message: LogMessage }
  | { readonly kind: 'stream'; readonly xid: number }
  | { readonly kind: 'stream-stop' }
  | { readonly kind: 'stream-commit'; readonly xid: number; readonly end: Position; readonly at: number }
  /** Of all of it where both are the same, else of one of its subtransactions. */
  | { readonly kind: 'stream-abort'; readonly xid: number; readonly subxid: number };
