import type { Link } from '../formats/link-format.ts';
import { type Path, pathText } from '../model/path.ts';
import type { AttributeStore } from './attributes.ts';
import type { ObjectTree } from './object-tree.ts';

/** What there is at a path and below, with the attributes that servers have set (OMA LwM2M 1.1 §6.3.2). */
export function discoveredLinks(tree: ObjectTree, attributes: AttributeStore, at: Path): Link[] {
  const links: Link[] = [];
  const add = (path: Path, more: Iterable<[string, string]> = []) => {
    const own = Object.entries(attributes.at(path)).map(([name, value]): [string, string] => [name, String(value)]);
    links.push({ target: pathText(path), attributes: new Map([...more, ...own]) });
  };
  const addResource = (path: Path) => {
    const value = tree.source(path)?.read(path[2] as number);
    add(path, value instanceof Map ? [['dim', String(value.size)]] : []);
  };
  const addInstance = (path: Path) => {
    add(path);
    for (const id of tree.objects.get(path[0] as number)?.shape.resources.keys() ?? []) {
      if (tree.has([...path, id])) addResource([...path, id]);
    }
  };
  const addObject = (objectId: number) => {
    const found = tree.objects.get(objectId);
    add([objectId], found?.shape.version === undefined ? [] : [['ver', found.shape.version]]);
    for (const id of found?.instances.keys() ?? []) addInstance([objectId, id]);
  };
  if (at.length === 0) for (const id of tree.objects.keys()) addObject(id);
  else if (at.length === 1) addObject(at[0] as number);
  else if (at.length === 2) addInstance(at);
  else addResource(at);
  return links;
}
