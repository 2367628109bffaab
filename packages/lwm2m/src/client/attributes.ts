import { type AttributeChanges, attributeNames, type NotificationAttributes } from '../model/attributes.ts';
import { type Path, pathText } from '../model/path.ts';

const seconds = /^[0-9]{1,9}$/;
const decimal = /^-?[0-9]+(?:\.[0-9]+)?$/;

/** The attributes that a request writes; undefined where they are not such (OMA LwM2M 1.1 §7.3.2). */
export function parseAttributes(query: readonly string[]): AttributeChanges | undefined {
  const changes: Record<string, number | undefined> = {};
  for (const item of query) {
    const equals = item.indexOf('=');
    const [name, text] = equals < 0 ? [item, undefined] : [item.slice(0, equals), item.slice(equals + 1)];
    const kind = Object.hasOwn(attributeNames, name) ? attributeNames[name as keyof NotificationAttributes] : undefined;
    if (!kind || (text !== undefined && !(kind === 'seconds' ? seconds : decimal).test(text))) return undefined;
    changes[name] = text === undefined ? undefined : Number(text);
  }
  return changes;
}

/** What does not fit together: a step too wide between the two limits, limits of what is no number. */
function isConsistent({ gt, lt, st }: NotificationAttributes): boolean {
  if (st !== undefined && st < 0) return false;
  return lt === undefined || gt === undefined || (lt < gt && lt + 2 * (st ?? 0) < gt);
}

/** The attributes that servers have set, by path; those of a resource go before those of its instance and object. */
export class AttributeStore {
  readonly #byPath = new Map<string, NotificationAttributes>();
  readonly #defaults: () => NotificationAttributes;

  /** @param defaults what holds where nothing is set */
  constructor(defaults: () => NotificationAttributes = () => ({})) {
    this.#defaults = defaults;
  }

  /** @param isNumber whether the path is of a resource that gt, lt and st make sense for. False refuses. */
  write(path: Path, changes: AttributeChanges, isNumber: boolean): boolean {
    const merged: Record<string, number> = { ...this.#byPath.get(pathText(path)) };
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete merged[name];
      else merged[name] = value;
    }
    const limits = merged.gt !== undefined || merged.lt !== undefined || merged.st !== undefined;
    if ((limits && !isNumber) || !isConsistent(merged)) return false;
    if (Object.keys(merged).length === 0) this.#byPath.delete(pathText(path));
    else this.#byPath.set(pathText(path), merged);
    return true;
  }

  /** Set at the path itself, for Discover. */
  at(path: Path): NotificationAttributes {
    return this.#byPath.get(pathText(path)) ?? {};
  }

  /** What holds at the path: its own and those above it. `pmax` below `pmin` does not count. */
  effective(path: Path): NotificationAttributes {
    let found = this.#defaults();
    if (this.#byPath.size === 0) return found;
    for (let depth = 1; depth <= path.length; depth++) found = { ...found, ...this.at(path.slice(0, depth)) };
    const { pmax, ...rest } = found;
    return pmax === undefined || pmax < (found.pmin ?? 0) ? rest : found;
  }

  /** Everything is forgotten, as a new registration demands. */
  clear(): void {
    this.#byPath.clear();
  }
}
