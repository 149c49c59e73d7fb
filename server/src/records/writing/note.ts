/** Who writes, as the history tells it: said by the statement that writes, where somebody follows the collection; else nothing is added. */
import type { ParamList } from '../../expr/params.ts';
import { actorName } from '../../kit/actor.ts';
import { isFollowed, type Collection } from '../../schema/collection.ts';
import type { Caller } from '../policy.ts';

/** Where it stands in what a write sends. */
export const notedAt = 3;

/** `erase`: the record that is to leave no version behind. */
export const noteOf = ({ ctx }: Caller, erase?: string): string =>
  JSON.stringify({ actor: actorName(ctx.actor), request: ctx.requestId, ...(erase === undefined ? {} : { erase }) });

/** What RETURNING has besides: said once for each row that is written. */
export const noting = (collection: Collection, params: ParamList): readonly string[] =>
  isFollowed(collection) ? [`underpin.note(${params.sent(notedAt, 'text')}) AS noted`] : [];
