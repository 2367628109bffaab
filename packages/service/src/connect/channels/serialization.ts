import type { MessagePart } from '../../storage/connect-schema.ts';
import type { Row } from '../../storage/schema.ts';

/** How a channel wants its messages; all absent or false is how they always were. */
export interface Serialization {
  /** Entries in one message, 100 to 10000. */
  readonly chunk?: number;
  readonly deregistrationsAsObject?: boolean;
  readonly originalEndpoint?: boolean;
  readonly timestamp?: boolean;
  readonly uid?: boolean;
}

/** The form of the contract; the published example has its numbers and truths as texts. */
export interface SerializationBody {
  type?: unknown;
  max_chunk_size?: unknown;
  cfg?: Readonly<Record<string, unknown>> | null;
}

const isTrue = (value: unknown): boolean => value === true || value === 'true';

/** Undefined for what is not of the contract. */
export function readSerialization(body: SerializationBody | null | undefined): Serialization | undefined {
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || (body.type !== undefined && body.type !== 'v2')) return undefined;
  const { max_chunk_size: size, cfg } = body;
  const chunk = size === undefined ? undefined : Number(size);
  if (chunk !== undefined && !(Number.isInteger(chunk) && chunk >= 100 && chunk <= 10_000)) return undefined;
  return {
    ...(chunk === undefined ? {} : { chunk }),
    deregistrationsAsObject: isTrue(cfg?.deregistrations_as_object),
    originalEndpoint: isTrue(cfg?.include_original_ep),
    timestamp: isTrue(cfg?.include_timestamp),
    uid: isTrue(cfg?.include_uid),
  };
}

/** As the contract shows it. */
export function serializationBody(serialization: Serialization, chunk: number) {
  return {
    type: 'v2',
    max_chunk_size: serialization.chunk ?? chunk,
    cfg: {
      deregistrations_as_object: serialization.deregistrationsAsObject ?? false,
      include_original_ep: serialization.originalEndpoint ?? false,
      include_timestamp: serialization.timestamp ?? false,
      include_uid: serialization.uid ?? false,
    },
  };
}

export type NotificationMessage = Partial<Record<MessagePart, unknown[]>>;

export type QueuedEntry = Pick<Row<'notifications'>, 'id' | 'part' | 'body_json' | 'at'>;

/** `de-registrations` and `registrations-expired` are ids unless objects were asked for. */
const idParts: ReadonlySet<MessagePart> = new Set(['de-registrations', 'registrations-expired']);
/** Those that always tell the endpoint name. */
const endpointParts: ReadonlySet<MessagePart> = new Set(['registrations', 'reg-updates']);

/** The NotificationMessage of these entries, oldest first in each of its lists. */
export function notificationMessage(
  entries: readonly QueuedEntry[],
  serialization: Serialization,
): NotificationMessage {
  const message: NotificationMessage = {};
  for (const { id, part, body_json, at } of entries) {
    const { 'original-ep': original, ...body } = JSON.parse(body_json) as Record<string, unknown>;
    const isObject = !idParts.has(part) || serialization.deregistrationsAsObject;
    const tellsOriginal = endpointParts.has(part) || serialization.originalEndpoint;
    const list = (message[part] ??= []);
    if (!isObject) list.push(body.ep);
    else {
      list.push({
        ...body,
        ...(tellsOriginal && original !== undefined ? { 'original-ep': original } : {}),
        ...(serialization.timestamp ? { timestamp: at } : {}),
        ...(serialization.uid ? { uid: id } : {}),
      });
    }
  }
  return message;
}
