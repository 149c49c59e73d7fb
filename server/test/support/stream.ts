/** Reads a stream of Server-Sent Events as a browser does. */
import { until } from './process.ts';

export interface StreamEvent {
  readonly event: string;
  /** As it stands in the event; what a browser would send back. */
  readonly id: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- messages of many shapes; what tests expect is what they assert.
  readonly data: any;
}

export interface Stream {
  readonly type: string | null;
  readonly events: readonly StreamEvent[];
  readonly isOver: boolean;
  /** The next event of that name that was not asked for yet. */
  next(event: string): Promise<StreamEvent>;
  close(): void;
}

export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
  const ending = new AbortController();
  const response = await fetch(url, { headers, signal: ending.signal });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
  const events: StreamEvent[] = [];
  const asked = new Map<string, number>();
  let isOver = false;
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        text = text.slice(end + 2);
        const event = fields.get('event');
        if (event !== undefined) events.push({ event, id: fields.get('id') ?? '', data: JSON.parse(fields.get('data') ?? 'null') });
      }
    }
  };
  read(response.body)
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  return {
    type: response.headers.get('content-type'),
    events,
    get isOver() {
      return isOver;
    },
    next: async (event) => {
      const number = asked.get(event) ?? 0;
      asked.set(event, number + 1);
      const found = (): StreamEvent | undefined => events.filter((one) => one.event === event)[number];
      await until(`"${event}" comes, after ${events.map((one) => one.event).join()}`, () => found() !== undefined);
      return found() ?? { event, id: '', data: undefined };
    },
    close: () => ending.abort(),
  };
}
