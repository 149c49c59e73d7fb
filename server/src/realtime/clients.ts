/** All who follow, by whatever way they came: how many there are of one, and who is concerned when rights change. */
import type { Base } from '../ctx.ts';
import { idsOf, limitKey, networkOf } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import type { Backlog } from './doors/backlog.ts';
import type { Client } from './client.ts';
import type { Hub } from './hub.ts';
import type { Memberships } from './members/memberships.ts';
import type { Ids, Rights } from './rights.ts';

/** What both ways share. */
export interface Live {
  readonly hub: Hub;
  readonly rights: Rights;
  readonly memberships: Memberships;
  readonly clients: Clients;
  readonly backlog: Backlog;
}

export class Clients {
  /** By the ids of account, session and key, by what they are counted as, and by their networks. */
  readonly #named = new Map<string, Set<Client>>();
  readonly #names = new Map<Client, readonly string[]>();

  /** Refuses who has too many connections already. */
  add(base: Base, client: Client): void {
    if (base.config.RATE_LIMITS) {
      const isPerson = client.actor.kind !== 'anonymous';
      if (isPerson && this.named(callerName(client)).size >= limits.live.perAccount) throw tooMany();
      if (this.named(networkName(client)).size >= limits.live.perAddress) throw tooMany();
    }
    this.name(client);
  }

  /** Notes what he is known by now. */
  name(client: Client): void {
    this.#unname(client);
    const names = [callerName(client), networkName(client), ...idsOf(client.actor)];
    this.#names.set(client, names);
    for (const name of names) this.#named.set(name, (this.#named.get(name) ?? new Set()).add(client));
  }

  #unname(client: Client): void {
    for (const name of this.#names.get(client) ?? []) {
      const left = this.#named.get(name);
      if (left?.delete(client) === true && left.size === 0) this.#named.delete(name);
    }
    this.#names.delete(client);
  }

  /** Those whose account, session or key has an id. */
  named(id: string): ReadonlySet<Client> {
    return this.#named.get(id) ?? new Set();
  }

  /** Those of whom one is the account, the session or the key. */
  concerned(ids: Ids): readonly Client[] {
    return ids === 'all' ? [...this.#names.keys()] : [...new Set([...ids].flatMap((id) => [...this.named(id)]))];
  }

  remove(client: Client): void {
    this.#unname(client);
    client.gone();
  }
}

const callerName = ({ actor }: Client): string => `caller ${limitKey(actor)}`;
const networkName = ({ address }: Client): string => `network ${networkOf(address)}`;

const tooMany = (): Error => fail('rate_limited', { detail: 'Too many connections.', retryAfter: 5 });
