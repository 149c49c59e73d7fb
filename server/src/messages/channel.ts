/** A way to reach people. A new one is a file here and a line in index.ts. */
import type { Config } from '../kit/config.ts';

export interface Outgoing {
  /** The same for every attempt at one message. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
}

export interface Channel {
  readonly name: string;
  /** Whether the configuration names what it sends through; where not, messages are kept to be read. */
  isReady(config: Config): boolean;
  /** Hands one over and gives back the words with which it was taken. Throws `Undeliverable` where another attempt would be in vain. */
  send(config: Config, message: Outgoing): Promise<string>;
}

/** Refused for good: no such address, no such content. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';
}
