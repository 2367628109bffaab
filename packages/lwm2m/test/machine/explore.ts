/**
 * Walks through every world that can be reached from `start`, and through every event that each of them can meet: so no
 * order of events is left out, as long as `key` tells worlds apart that behave differently.
 *
 * @param step the world after an event; throws where something is wrong
 * @returns how many worlds and steps there were
 */
export function explore<World, Event>(options: {
  readonly start: World;
  readonly events: (world: World) => readonly Event[];
  readonly step: (world: World, event: Event) => World;
  readonly key: (world: World) => string;
  readonly atMost?: number;
}): { readonly worlds: number; readonly steps: number } {
  const { start, events, step, key, atMost = 50_000 } = options;
  const seen = new Map<string, readonly Event[]>([[key(start), []]]);
  const waiting: { world: World; way: readonly Event[] }[] = [{ world: start, way: [] }];
  let steps = 0;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    for (const event of events(next.world)) {
      const way = [...next.way, event];
      let world: World;
      try {
        world = step(next.world, event);
      } catch (error) {
        const told = way.map((one) => JSON.stringify(one, shortened)).join('\n');
        throw new Error(`${(error as Error).message}\nafter\n${told}`, { cause: error });
      }
      steps++;
      const name = key(world);
      if (seen.has(name)) continue;
      seen.set(name, way);
      if (seen.size > atMost) throw new Error(`More than ${atMost} worlds: the key tells too many apart.`);
      waiting.push({ world, way });
    }
  }
  return { worlds: seen.size, steps };
}

/** Bytes by their number alone. */
export const shortened = (_key: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return value instanceof Map ? [...value] : value;
};
