import type { Catalogue } from '../definitions/catalogue.ts';
import type { ObjectTree } from './object-tree.ts';

/** A catalogue in which the device's own shapes go before what is known in general. */
export function treeCatalogue(tree: ObjectTree, general: Catalogue): Catalogue {
  return {
    object: (id) => general.object(id),
    resource(objectId, resourceId) {
      const shape = tree.objects.get(objectId)?.shape.resources.get(resourceId);
      if (!shape) return general.resource(objectId, resourceId);
      return { name: '', ...shape, multiple: shape.multiple === true };
    },
  };
}
