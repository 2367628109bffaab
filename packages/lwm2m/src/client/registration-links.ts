import { valueText } from '../formats/text.ts';
import type { Path } from '../model/path.ts';
import type { Value } from '../model/value.ts';
import type { RegisteredLink, RegisteredLinks } from '../registration/links.ts';
import type { ObjectTree, ResourceShape } from './object-tree.ts';

const bare = (path: Path): RegisteredLink => ({ path, observable: false, contentFormats: [] });

/** What a standard client registers: its object instances, objects without any, and versions (OMA LwM2M 1.1 §6.2.1). */
export function standardLinks(tree: ObjectTree, contentFormats: readonly number[]): RegisteredLinks {
  const links: RegisteredLink[] = [];
  for (const [objectId, { shape, instances }] of tree.objects) {
    if (shape.version !== undefined || instances.size === 0) {
      links.push({ ...bare([objectId]), ...(shape.version === undefined ? {} : { version: shape.version }) });
    }
    for (const id of instances.keys()) links.push(bare([objectId, id]));
  }
  return { root: '/', contentFormats, links };
}

function publishedText(
  shape: ResourceShape,
  value: Value | ReadonlyMap<number, Value> | undefined,
): string | undefined {
  return value === undefined || value instanceof Map ? undefined : valueText(shape.type, value as Value);
}

/**
 * What a Pelion client registers: every resource, with name, value and number of auto-observation where its shape says so.
 *
 * @param nextNumber gives numbers that no registration had before
 */
export function pelionLinks(tree: ObjectTree, nextNumber: () => number): RegisteredLinks {
  const links: RegisteredLink[] = [];
  for (const [objectId, { shape, instances }] of tree.objects) {
    links.push(bare([objectId]));
    for (const [instanceId, source] of instances) {
      links.push(bare([objectId, instanceId]));
      for (const one of shape.resources.values()) {
        const path = [objectId, instanceId, one.id];
        const there = source.read(one.id);
        if (one.operations !== 'E' && there === undefined && !one.autoObserved) continue;
        const value = one.published ? publishedText(one, there) : undefined;
        links.push({
          path,
          observable: one.observable === true,
          contentFormats: [],
          ...(one.name === undefined ? {} : { resourceType: one.name }),
          ...(value === undefined ? {} : { value }),
          ...(one.autoObserved ? { autoObserve: nextNumber() } : {}),
        });
      }
    }
  }
  return { root: '/', contentFormats: [], links };
}
