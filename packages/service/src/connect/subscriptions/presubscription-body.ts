import type { ConnectLimits } from '../limits.ts';
import { Refusal } from '../refusal.ts';
import type { Presubscription } from './presubscription.ts';

const longestName = 64;
const longestPath = 128;

function refused(index: number, why: string): Refusal {
  return new Refusal(400, 'MALFORMED_PRESUBSCRIPTION', `Entry ${index}: ${why}`);
}

function name(value: unknown, field: string, index: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw refused(index, `${field} has to be a text.`);
  if (value.length > longestName) throw refused(index, `${field} has to have at most ${longestName} characters.`);
  return value;
}

function paths(value: unknown, index: number): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length === 0)
    throw refused(index, 'resource-path has to be a list that is not empty.');
  return value.map((path: unknown) => {
    if (typeof path !== 'string' || path.length > longestPath) {
      throw refused(index, `each resource-path has to be a text of at most ${longestPath} characters.`);
    }
    return path.startsWith('/') ? path : `/${path}`;
  });
}

/** @throws Refusal 400 that names the entry */
export function readPresubscriptions(body: unknown, limits: ConnectLimits): Presubscription[] {
  if (!Array.isArray(body)) throw new Refusal(400, 'MALFORMED_JSON_CONTENT', 'The body has to be a list.');
  if (body.length > limits.presubscriptions) {
    throw new Refusal(400, 'MALFORMED_PRESUBSCRIPTION', `At most ${limits.presubscriptions} entries are possible.`);
  }
  const rules = body.map((entry: unknown, index): Presubscription => {
    if (typeof entry !== 'object' || entry === null) throw refused(index, 'has to be an object.');
    const fields = entry as Record<string, unknown>;
    const endpointName = name(fields['endpoint-name'], 'endpoint-name', index);
    const endpointType = name(fields['endpoint-type'], 'endpoint-type', index);
    const wanted = paths(fields['resource-path'], index);
    return {
      ...(endpointName === undefined ? {} : { endpointName }),
      ...(endpointType === undefined ? {} : { endpointType }),
      ...(wanted === undefined ? {} : { paths: wanted }),
    };
  });
  const distinct = new Set(rules.flatMap((rule) => rule.paths ?? []));
  if (distinct.size > limits.presubscriptionPaths) {
    throw new Refusal(
      400,
      'MALFORMED_PRESUBSCRIPTION',
      `At most ${limits.presubscriptionPaths} different resource paths are possible.`,
    );
  }
  return rules;
}

/** As the contract shows it. */
export const presubscriptionBody = ({ endpointName, endpointType, paths: wanted }: Presubscription) => ({
  ...(endpointName === undefined ? {} : { 'endpoint-name': endpointName }),
  ...(endpointType === undefined ? {} : { 'endpoint-type': endpointType }),
  ...(wanted === undefined ? {} : { 'resource-path': wanted }),
});
