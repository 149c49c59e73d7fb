/** What one message of the log says. */
import type { Change, LogMessage, Position, Relation } from './change.ts';

export type Event =
  | { readonly kind: 'begin'; readonly xid: number; /** Where its commit begins. */ readonly commits: Position }
  | { readonly kind: 'commit'; readonly end: Position }
  | { readonly kind: 'change'; readonly change: Change }
  /** `touch` in a stream, and where rows are not asked for. `xid` is the (sub)transaction's in a stream, else 0. */
  | { readonly kind: 'truncate' | 'touch'; readonly xid: number; readonly relations: readonly Relation[] }
  | { readonly kind: 'message'; readonly xid: number; readonly message: LogMessage }
  | { readonly kind: 'stream'; readonly xid: number }
  | { readonly kind: 'stream-stop' }
  | { readonly kind: 'stream-commit'; readonly xid: number; readonly end: Position }
  /** Of all of it where both are the same, else of one of its subtransactions. */
  | { readonly kind: 'stream-abort'; readonly xid: number; readonly subxid: number };
