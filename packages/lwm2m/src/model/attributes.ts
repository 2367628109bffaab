/**
 * When a device is to notify (OMA LwM2M 1.1 §7.3.2): not before `pmin` seconds, at latest after `pmax`, when the value
 * crosses `gt` or `lt` or has moved by `st`.
 */
export interface NotificationAttributes {
  readonly pmin?: number;
  readonly pmax?: number;
  readonly gt?: number;
  readonly lt?: number;
  readonly st?: number;
  /** Evaluation periods, 1.1. */
  readonly epmin?: number;
  readonly epmax?: number;
}

/** `undefined` takes an attribute away. */
export type AttributeChanges = { readonly [Name in keyof NotificationAttributes]: number | undefined };

/** As Uri-Query options: `pmin=10`, and `pmin` alone to take it away. */
export const attributeQuery = (changes: AttributeChanges): string[] =>
  Object.entries(changes).map(([name, value]) => (value === undefined ? name : `${name}=${value}`));

/** Which attributes there are, and what their values are. */
export const attributeNames: { readonly [Name in keyof Required<NotificationAttributes>]: 'seconds' | 'number' } = {
  pmin: 'seconds',
  pmax: 'seconds',
  gt: 'number',
  lt: 'number',
  st: 'number',
  epmin: 'seconds',
  epmax: 'seconds',
};
