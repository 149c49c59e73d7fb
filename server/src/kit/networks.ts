/** The networks that a key may be used from: `10.0.0.0/8`, checked when the key is made and asked at its every use. */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** A bare address is a network of its own. */
export const network = z
  .string()
  .max(60)
  .transform((text) => (text.includes('/') ? text : `${text}/${isIP(text) === 6 ? 128 : 32}`))
  .refine(isNetwork, { error: 'must be an address or a network like 10.0.0.0/8' });

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function isNetwork(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (isIP(address) === 6 ? 128 : 32)) return false;
  networksOf([text]);
  return true;
}

export function networksOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits = ''] = text.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

/** A list of IPv4 networks knows addresses that IPv6 sockets see as `::ffff:1.2.3.4` too. */
export const isWithin = (list: BlockList, address: string): boolean => list.check(address, familyOf(address));
