import type { ServerResponse } from 'node:http';
import { backgroundTimers } from '@mooring/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { accountErrors } from '../accounts/errors.ts';
import { operation } from '../http/operation.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { type Change, changesAfter, Feed, mayHear, type Position, parsePosition, positionText } from './feed.ts';

/** Streams of one caller, and of an account. */
const mostStreams = { caller: 10, account: 200 } as const;

/** A comment this often keeps the connection, and shows whether the caller may still listen; in ms. */
const heartbeat = 15_000;

/** A listener that does not read is ended: it comes back and goes on where it was. Bytes. */
const mostUnread = 256 * 1024;

/** One message of an event stream (HTML, Server-sent events, §9.2.5). */
const message = (event: string, id: string, data: object): string =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

function changeMessages(actor: Actor, changes: readonly Change[]): string {
  return changes
    .filter(({ kind }) => kind === 'all' || mayHear(actor, kind))
    .map(({ id, ...change }) => message('change', id, change))
    .join('');
}

/**
 * @param authenticate who sends a request, once more; throws where that has ended
 */
export function eventRoutes(
  app: FastifyInstance,
  domain: Domain,
  authenticate: (request: FastifyRequest) => Promise<Actor>,
): void {
  const feed = new Feed(domain, backgroundTimers);
  const streams = new Map<ServerResponse, Actor>();
  app.addHook('preClose', async () => {
    for (const stream of streams.keys()) stream.end();
  });

  function refuseTooMany(actor: Actor): void {
    const open = [...streams.values()].filter(({ accountId }) => accountId === actor.accountId);
    const own = open.filter(({ id }) => id === actor.id);
    if (open.length < mostStreams.account && own.length < mostStreams.caller) return;
    throw accountErrors('account.limit', {
      message: `There are ${own.length} event streams of this caller, and ${open.length} of the account.`,
      next: 'End those that are no longer read.',
    });
  }

  app.route({
    method: 'GET',
    url: '/v3/portal/events',
    // Its head alone would never end either.
    exposeHeadRoute: false,
    ...operation({
      id: 'getEvents',
      tag: 'Overview',
      summary: 'What changes, as it happens: a stream of server-sent events.',
      description:
        'Each `change` says a kind of thing, the id of one, and what happened: look at it anew. Without an id, or with the kind `all`, so many have changed that lists have to be read anew. Only what the caller may see is told. With `Last-Event-ID` it goes on where it was; `reload` says that this was too long ago. `end` says that the session is over.',
      permission: 'account:read',
      background: true,
      plain: true,
      query: { 'last-event-id': { type: 'string', description: 'Instead of the header, where that cannot be set.' } },
    }),
    handler: async (request, reply) => {
      let { actor } = request;
      refuseTooMany(actor);
      const { raw } = reply;
      const given = request.headers['last-event-id'] ?? (request.query as Record<string, unknown>)['last-event-id'];
      const known = parsePosition(given === undefined ? undefined : String(given));

      const waiting: (readonly Change[])[] = [];
      let tell = (changes: readonly Change[]): void => void waiting.push(changes);
      const { from, end } = await feed.listen(actor.accountId, (changes) => tell(changes));
      const send = (text: string): void => {
        if (text === '' || raw.destroyed) return;
        raw.write(text);
        if (raw.writableLength > mostUnread) raw.destroy();
      };

      reply.hijack();
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        // A proxy that collects answers would tell everything too late.
        'x-accel-buffering': 'no',
      });
      streams.set(raw, actor);
      const beat = setInterval(() => {
        authenticate(request).then(
          (still) => {
            actor = still;
            send(': still here\n\n');
          },
          () => {
            send(message('end', positionText(from), {}));
            raw.end();
          },
        );
      }, heartbeat);
      beat.unref();
      raw.once('close', () => {
        clearInterval(beat);
        end();
        streams.delete(raw);
      });
      send(await beginning(domain, actor, known, from));
      for (const changes of waiting) send(changeMessages(actor, changes));
      tell = (changes) => send(changeMessages(actor, changes));
    },
  });
}

/** What a listener is told first: where it is, and what it has missed. */
async function beginning(domain: Domain, actor: Actor, known: Position | undefined, from: Position): Promise<string> {
  const hello = message('hello', positionText(from), {});
  if (known === undefined) return hello;
  const { changes, position } = await changesAfter(domain, actor.accountId, known);
  if (changes.some(({ action }) => action === 'many')) return `${message('reload', positionText(position), {})}`;
  return hello + changeMessages(actor, changes);
}
