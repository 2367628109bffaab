import { coreObjects } from './core.ts';
import type { ObjectDefinition, ResourceDefinition } from './definition.ts';
import { ipsoObjects, reusableResources } from './ipso.ts';
import { pelionObjects } from './pelion.ts';

/** Tells what resources are. What it does not know is read as bytes or text, and written by the type the value has. */
export interface Catalogue {
  object(id: number): ObjectDefinition | undefined;
  resource(objectId: number, resourceId: number): ResourceDefinition | undefined;
}

/** A catalogue of these objects; later ones replace earlier ones of the same number. */
export function catalogueOf(objects: Iterable<ObjectDefinition>): Catalogue {
  const byId = new Map<number, ObjectDefinition>();
  for (const definition of objects) byId.set(definition.id, definition);
  return {
    object: (id) => byId.get(id),
    resource: (objectId, resourceId) =>
      byId.get(objectId)?.resources.get(resourceId) ?? reusableResources.get(resourceId),
  };
}

/** LwM2M's, Pelion's and IPSO's objects. */
export const knownObjects: readonly ObjectDefinition[] = [...coreObjects, ...pelionObjects, ...ipsoObjects];

export const standardCatalogue: Catalogue = catalogueOf(knownObjects);
